// SPDX-License-Identifier: ISC
/** Which view stands in the page: what is behind # in the address, so any server can serve us. */

/** Stands for any id in the pattern of a route. */
export const ID = Symbol("id");

let routes = [];

/** {path: ["tokens", ID], query: URLSearchParams} of the address. */
export function place() {
	const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
	return { path: path.split("/").filter(Boolean), query: new URLSearchParams(query) };
}

/** The address of a place: link("tokens", id). */
export function link(...path) {
	return `#/${path.join("/")}`;
}

/** Goes there. */
export function go(...path) {
	location.hash = link(...path);
}

/** Changes the query of the address where we are, without a new view. */
export function setQuery(values) {
	const query = new URLSearchParams(Object.entries(values).filter(([, value]) => value));
	const hash = link(...place().path);
	history.replaceState(null, "", query.size ? `${hash}?${query}` : hash);
}

/** An address is anybody's text: what becomes part of a call has the form of an id. */
function fits(part, wanted) {
	return wanted === ID ? /^[0-9a-f]{24}$/.test(part) : part === wanted;
}

function findView(path) {
	const route = routes.find(([pattern]) => pattern.length === path.length &&
		path.every((part, i) => fits(part, pattern[i])));
	return (route ?? routes[0])[1];
}

/**
 * Shows the view of the address; FOCUS: and goes there. A view is a function (main, ...path) that fills MAIN and returns
 * its title; what a view brings when another has taken its place lands in a node that nobody sees.
 */
export function show(focus) {
	const { path } = place();
	const main = document.getElementById("main");
	const stage = document.createElement("div");
	main.replaceChildren(stage);
	const title = findView(path)(stage, ...path);
	document.title = `${title} · Claviger`;
	for (const entry of document.querySelectorAll("nav a")) {
		const here = entry.getAttribute("href") === link(path[0] ?? "tokens");
		entry.toggleAttribute("data-here", here);
		if (here)
			entry.setAttribute("aria-current", "page");
		else
			entry.removeAttribute("aria-current");
	}
	if (focus) {
		scrollTo(0, 0);
		(stage.querySelector("h1") ?? main).focus();
	}
}

/**
 * TABLE: [pattern, view]; the first is also that of an unknown address. Another
 * address is followed while MAYSHOW().
 */
export function startRouter(table, mayShow) {
	routes = table;
	addEventListener("hashchange", () => {
		if (mayShow())
			show(true);
	});
}
