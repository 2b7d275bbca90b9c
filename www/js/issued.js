// SPDX-License-Identifier: ISC
/** The one time that a key is shown. Nothing but the button ends it, and that only once the person
 *  says that the key is stored. */
import { address } from "./api.js";
import { button, checkbox, element } from "./dom.js";
import { openDialog } from "./dialog.js";
import { holdPage } from "./hold-page.js";
import { say } from "./text.js";

function selectAll(node) {
	getSelection().selectAllChildren(node);
}

/** Copies; where the page may not (no HTTPS), selects, so that Ctrl+C does. STATUS says which. */
async function copy(node, status) {
	try {
		await navigator.clipboard.writeText(node.textContent);
		status.textContent = say("issued.copied");
	} catch {
		selectAll(node);
		status.textContent = say("issued.selected");
	}
}

/** Not every browser has read the file when click() returns: the address lives a minute. */
function download(text, name) {
	const url = URL.createObjectURL(new Blob([`${text}\n`], { type: "text/plain" }));
	element("a", { href: url, download: name }).click();
	setTimeout(() => URL.revokeObjectURL(url), 60000);
}

function block(label, text, copyLabel, status) {
	const code = element("code", {}, text);
	return [code, element("div", { class: "block" },
		element("pre", { tabindex: "0", role: "group", "aria-label": label }, code),
		button(copyLabel, () => copy(code, status), { class: "primary" }))];
}

/**
 * Shows TOKEN's key, which the answer to a creation or rotation brought. Resolves when the person
 * has stored it.
 */
export function showKey(token) {
	return new Promise((resolve) => {
		const curl = `curl ${address("admin/access-tokens/self")} \\\n  -H "Authorization: Bearer ${token.key}"`;
		// Within the dialog: what lies below it is not read aloud.
		const status = element("p", { class: "hint", role: "status" });
		const [keyNode, keyBlock] = block(say("issued.key"), token.key, say("issued.copy"), status);
		const [curlNode, curlBlock] = block(say("issued.curl"), curl, say("issued.copyCurl"), status);
		const [stored, storedBox] = checkbox(say("issued.stored"), {
			onchange: () => {
				done.disabled = !storedBox.checked;
			},
		});
		const done = button(say("issued.done"), () => dialog.close(), { class: "primary", disabled: true });
		const fileName = `${token.id}.key.txt`;
		const release = holdPage();
		const dialog = openDialog(say("issued.title"), element("div", {},
			element("p", {}, say("issued.once")), keyBlock,
			button(say("issued.download"), () => download(token.key, fileName)),
			element("h3", {}, say("issued.try")), curlBlock, status, stored,
			element("div", { class: "actions" }, done)), {
			firm: true,
			closed: () => {
				release();
				keyNode.textContent = "";
				curlNode.textContent = "";
				resolve();
			},
		});
	});
}
