// SPDX-License-Identifier: ISC
/** Questions and forms above the page. The browser keeps the focus inside and gives it back. */
import { button, element, freshId } from "./dom.js";
import { problemBox } from "./problem.js";
import { say } from "./text.js";

/**
 * Shows CONTENT under TITLE until close() of what is returned. FIRM: only close() ends it, no
 * Escape.
 */
export function openDialog(title, content, { firm = false, closed = () => {} } = {}) {
	const titleId = freshId();
	const dialog = element("dialog", { "aria-labelledby": titleId, class: firm ? "firm" : null },
		element("h2", { id: titleId, tabindex: "-1" }, title), content);
	dialog.addEventListener("cancel", (event) => {
		if (firm)
			event.preventDefault();
	});
	// Some browsers let a second Escape through.
	dialog.addEventListener("keydown", (event) => {
		if (firm && event.key === "Escape")
			event.preventDefault();
	});
	dialog.addEventListener("close", () => {
		dialog.remove();
		closed();
	});
	document.body.append(dialog);
	dialog.showModal();
	return dialog;
}

/**
 * Asks before ACT, an async function, is done. DANGER: the button is red. What ACT throws is shown
 * in the dialog, which then stays. Resolves to whether it was done.
 */
export function ask(title, content, { label, act, danger = false }) {
	return new Promise((resolve) => {
		let done = false;
		const problems = element("div");
		const go = element("button", { type: "submit", class: danger ? "danger" : "primary" }, label);
		const form = element("form", {
			onsubmit: async (event) => {
				event.preventDefault();
				go.disabled = true;
				problems.replaceChildren();
				try {
					await act();
					done = true;
					dialog.close();
				} catch (problem) {
					problems.replaceChildren(problemBox(problem));
				} finally {
					go.disabled = false;
				}
			},
		}, content, problems, element("div", { class: "actions" }, go,
			button(say("cancel"), () => dialog.close())));
		const dialog = openDialog(title, form, { closed: () => resolve(done) });
	});
}
