// SPDX-License-Identifier: ISC
/** A new token, within the caller's own. */
import { element, once } from "../dom.js";
import { idempotent } from "../idempotent.js";
import { showKey } from "../issued.js";
import { problemBox } from "../problem.js";
import { go, link } from "../router.js";
import { ScopeForm } from "../scope-form.js";
import { may, me } from "../session.js";
import { heading } from "../stage.js";
import { say } from "../text.js";

/* The caller's own, but for websites that are deleted. */
function startScope(caller) {
	const { websites } = me();
	const websiteIds = may("websites:read") ?
		caller.websiteIds.filter((id) => websites.some((website) => website.id === id)) : caller.websiteIds;
	return { name: "", permissions: [], websiteIds, allowedIps: caller.allowedIps };
}

function createForm() {
	const caller = me().token;
	const form = new ScopeForm({ outer: caller, reason: say("form.beyondCaller"), start: startScope(caller) });
	const send = idempotent("POST", "admin/access-tokens");
	const problems = element("div");

	async function create() {
		problems.replaceChildren();
		const body = form.value();
		if (!body)
			return;
		try {
			const { data: [token] } = await send(body);
			await showKey(token);
			go("tokens", token.id);
		} catch (problem) {
			if (!form.showProblem(problem))
				problems.replaceChildren(problemBox(problem));
		}
	}

	return element("form", { onsubmit: once(create), novalidate: true }, form.node, problems,
		element("div", { class: "actions" },
			element("button", { type: "submit", class: "primary" }, say("create.go")),
			element("a", { class: "button", href: link("tokens") }, say("cancel"))));
}

/** Fills MAIN. */
export function showCreate(main) {
	const title = say("create.title");
	main.append(heading(title), may("api-keys:write") ? createForm() : element("p", {}, say("create.mayNot")));
	return title;
}
