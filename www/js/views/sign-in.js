// SPDX-License-Identifier: ISC
/** The first page: a key, and whether this tab remembers it. */
import { button, checkbox, element, field } from "../dom.js";
import { problemBox } from "../problem.js";
import { signIn } from "../session.js";
import { say } from "../text.js";

/** Fills MAIN; SIGNED_IN is called after a success. PROBLEM: why the session before ended. */
export function showSignIn(main, signedIn, problem = null) {
	const key = element("input", {
		type: "password", name: "key", required: true, autocomplete: "current-password",
		spellcheck: "false", autocapitalize: "none", placeholder: "dft_…",
	});
	const reveal = button(say("signIn.show"), () => {
		const hidden = key.type === "password";
		key.type = hidden ? "text" : "password";
		reveal.setAttribute("aria-pressed", String(hidden));
	}, { "aria-pressed": "false" });
	const [remember, rememberBox] = checkbox(say("signIn.remember"), {}, say("signIn.rememberHint"));
	const problems = element("div", {}, problem && problemBox(problem));
	const submit = element("button", { type: "submit", class: "primary" }, say("signIn.go"));

	async function send(event) {
		event.preventDefault();
		submit.disabled = true;
		problems.replaceChildren();
		try {
			await signIn(key.value.trim(), rememberBox.checked);
			key.value = "";
			signedIn();
		} catch (failure) {
			problems.replaceChildren(problemBox(failure));
			submit.disabled = false;
			key.focus();
		}
	}

	main.replaceChildren(element("div", { class: "narrow" },
		element("h1", { tabindex: "-1" }, say("signIn.title")),
		element("p", {}, say("signIn.lead")),
		element("form", { onsubmit: send, class: "card" },
			element("div", { class: "with-button" }, field(say("signIn.key"), key), reveal),
			remember, problems, element("div", { class: "actions" }, submit)),
		element("h2", {}, say("signIn.noKey")),
		element("p", {}, say("signIn.noKeyHint")),
		element("pre", {}, element("code", {}, "claviger-admin token create"))));
	document.title = `${say("signIn.title")} · Claviger`;
	key.focus();
}
