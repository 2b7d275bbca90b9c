// SPDX-License-Identifier: ISC
/** Who made whom: the ancestors of a token and, opened step by step, what was made by it. */
import { all, call } from "./api.js";
import { button, element } from "./dom.js";
import { problemBox } from "./problem.js";
import { link } from "./router.js";
import { tokenName } from "./scope.js";
import { load } from "./stage.js";
import { say } from "./text.js";

async function readParent(token) {
	try {
		return (await call("GET", `admin/access-tokens/${token.parentId}`)).data[0];
	} catch (problem) {
		if (problem.status === 404)
			return null;
		throw problem;
	}
}

/** The line of ancestors that the caller sees, eldest first. */
async function ancestors(token) {
	const line = [];
	for (let at = token; at?.parentId;) {
		at = await readParent(at);
		if (at)
			line.unshift(at);
	}
	return line;
}

function label(token, current) {
	return element("span", { class: "member" },
		current ? element("strong", {}, tokenName(token)) :
			element("a", { href: link("tokens", token.id) }, tokenName(token)),
		" ", element("span", { class: `badge ${token.state}` }, say(`state.${token.state}`)));
}

async function open(token, toggle, place) {
	const opened = toggle.getAttribute("aria-expanded") === "true";
	toggle.setAttribute("aria-expanded", String(!opened));
	if (opened) {
		place.replaceChildren();
		return;
	}
	try {
		const made = await all("admin/access-tokens", { query: { parentId: token.id, state: "all" } });
		place.replaceChildren(made.length > 0 ? element("ul", {}, made.map((child) => branch(child))) :
			element("p", { class: "none" }, say("family.noneMade")));
	} catch (problem) {
		place.replaceChildren(problemBox(problem));
	}
}

/** TOKEN as an item whose children come when they are asked for. */
function branch(token, current = false) {
	const place = element("div");
	const toggle = button("", () => open(token, toggle, place), {
		class: "toggle", "aria-expanded": "false", "aria-label": say("family.made", { name: tokenName(token) }),
	});
	const item = element("li", {}, toggle, label(token, current), place);
	if (current)
		toggle.click();
	return item;
}

/** A tree around TOKEN. */
export function family(token) {
	const node = element("div", { class: "family" });
	load(node, async () => {
		const line = await ancestors(token);
		let tree = element("ul", {}, branch(token, true));
		for (const ancestor of line.reverse())
			tree = element("ul", {}, element("li", {}, label(ancestor, false), tree));
		return [token.parentId === null && element("p", {}, say("family.byOperator")), tree].filter(Boolean);
	});
	return node;
}
