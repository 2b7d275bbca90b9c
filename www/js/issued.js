// SPDX-License-Identifier: ISC
/** The one time that a key is shown. Nothing but the button ends it, and that only once the person
 *  says that the key is stored. */
import { address } from "./api.js";
import { button, checkbox, element } from "./dom.js";
import { openDialog } from "./dialog.js";
import { notice } from "./notice.js";
import { say } from "./text.js";

function holdPage(event) {
	event.preventDefault();
}

function selectAll(node) {
	getSelection().selectAllChildren(node);
}

/** Copies; where the page may not (no HTTPS), selects, so that Ctrl+C does. */
async function copy(node) {
	try {
		await navigator.clipboard.writeText(node.textContent);
		notice(say("issued.copied"));
	} catch {
		selectAll(node);
		notice(say("issued.selected"));
	}
}

function download(text, name) {
	const url = URL.createObjectURL(new Blob([`${text}\n`], { type: "text/plain" }));
	const anchor = element("a", { href: url, download: name });
	anchor.click();
	URL.revokeObjectURL(url);
}

function block(label, text, copyLabel) {
	const code = element("code", { tabindex: "0", class: "secret", "aria-label": label }, text);
	return [code, element("div", { class: "block" }, element("pre", {}, code),
		button(copyLabel, () => copy(code), { class: "primary" }))];
}

/**
 * Shows TOKEN's key, which the answer to a creation or rotation brought. Resolves when the person
 * has stored it.
 */
export function showKey(token) {
	return new Promise((resolve) => {
		const curl = `curl ${address("admin/access-tokens/self")} \\\n  -H "Authorization: Bearer ${token.key}"`;
		const [keyNode, keyBlock] = block(say("issued.key"), token.key, say("issued.copy"));
		const [curlNode, curlBlock] = block(say("issued.curl"), curl, say("issued.copyCurl"));
		const [stored, storedBox] = checkbox(say("issued.stored"), {
			onchange: () => {
				done.disabled = !storedBox.checked;
			},
		});
		const done = button(say("issued.done"), () => dialog.close(), { class: "primary", disabled: true });
		const fileName = `${token.id}.key.txt`;
		addEventListener("beforeunload", holdPage);
		const dialog = openDialog(say("issued.title"), element("div", {},
			element("p", {}, say("issued.once")), keyBlock,
			button(say("issued.download"), () => download(token.key, fileName)),
			element("h3", {}, say("issued.try")), curlBlock, stored,
			element("div", { class: "actions" }, done)), {
			firm: true,
			closed: () => {
				removeEventListener("beforeunload", holdPage);
				keyNode.textContent = "";
				curlNode.textContent = "";
				resolve();
			},
		});
	});
}
