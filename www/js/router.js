// SPDX-License-Identifier: ISC
/** Which view stands in the page: what is behind # in the address, so any server can serve us. */

let routes = [];
let shown = 0;

/** {path: ["tokens", ID], query: URLSearchParams} of the address. */
export function place() {
	const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
	return { path: path.split("/").filter(Boolean).map(decodeURIComponent), query: new URLSearchParams(query) };
}

/** The address of a place: link("tokens", id). */
export function link(...path) {
	return `#/${path.map(encodeURIComponent).join("/")}`;
}

/** Goes there. */
export function go(...path) {
	location.hash = link(...path);
}

/** Changes the query of the address where we are, without a new view. */
export function setQuery(values) {
	const query = new URLSearchParams(Object.entries(values).filter(([, value]) => value));
	const [path] = location.hash.split("?");
	history.replaceState(null, "", query.size ? `${path}?${query}` : path);
}

function findView(path) {
	for (const [pattern, view] of routes) {
		if (pattern.length === path.length && pattern.every((part, i) => part === "*" || part === path[i]))
			return view;
	}
	return routes[0][1];
}

/**
 * Shows the view of the address. A view is a function (main, ...path) that fills MAIN and returns
 * its title; what a view brings when another has taken its place lands in a node that nobody sees.
 */
export async function show() {
	const { path } = place();
	const main = document.getElementById("main");
	const stage = document.createElement("div");
	shown += 1;
	const mine = shown;
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
	if (mine > 1) {
		scrollTo(0, 0);
		(stage.querySelector("h1") ?? main).focus();
	}
}

/**
 * TABLE: [pattern, view] with "*" for any part; the first is also that of an unknown address. Another
 * address is followed while MAYSHOW().
 */
export function startRouter(table, mayShow) {
	routes = table;
	addEventListener("hashchange", () => {
		if (mayShow())
			show();
	});
}
