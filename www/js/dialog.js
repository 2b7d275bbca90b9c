// SPDX-License-Identifier: ISC
/** Questions and forms above the page. The browser keeps the focus inside and gives it back. */
import { button, element, freshId } from "./dom.js";
import { problemBox } from "./problem.js";
import { say } from "./text.js";

/** Of the class "firm": neither Escape nor another view ends it. */
function isFirm(dialog) {
	return dialog.classList.contains("firm");
}

/** Shows CONTENT under TITLE until close() of what is returned. FIRM: only close() ends it. */
export function openDialog(title, content, { firm = false, closed = () => {} } = {}) {
	const titleId = freshId();
	const dialog = element("dialog", { "aria-labelledby": titleId, class: firm ? "firm" : null },
		element("h2", { id: titleId, tabindex: "-1" }, title), content);
	dialog.addEventListener("cancel", (event) => {
		if (isFirm(dialog))
			event.preventDefault();
	});
	// Some browsers let a second Escape through.
	dialog.addEventListener("keydown", (event) => {
		if (isFirm(dialog) && event.key === "Escape")
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

/** Ends what is open and may be left: a key that is being shown stays, it cannot be shown again. */
export function closeDialogs() {
	for (const dialog of document.querySelectorAll("dialog:not(.firm)"))
		dialog.close();
}

/**
 * Asks before ACT, an async function, is done; meanwhile nothing ends the dialog, for what ACT
 * brings (a key) would be lost. DANGER: the button is red. What ACT throws is shown in the dialog,
 * which then stays. Resolves to whether it was done.
 */
export function ask(title, content, { label, act, danger = false }) {
	return new Promise((resolve) => {
		let done = false;
		const problems = element("div");
		const go = element("button", { type: "submit", class: danger ? "danger" : "primary" }, label);
		const cancel = button(say("cancel"), () => dialog.close());

		async function send(event) {
			event.preventDefault();
			if (isFirm(dialog))
				return;
			dialog.classList.add("firm");
			cancel.disabled = true;
			problems.replaceChildren();
			try {
				await act();
				done = true;
				dialog.close();
			} catch (problem) {
				problems.replaceChildren(problemBox(problem));
				// The session has ended, and the page to sign in says why.
				if (problem.status === 401)
					dialog.close();
			} finally {
				dialog.classList.remove("firm");
				cancel.disabled = false;
			}
		}

		const form = element("form", { onsubmit: send }, content, problems,
			element("div", { class: "actions" }, go, cancel));
		const dialog = openDialog(title, form, { closed: () => resolve(done) });
	});
}
