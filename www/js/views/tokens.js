// SPDX-License-Identifier: ISC
/** All tokens: searched, filtered, sorted, page by page. */
import { button, element, field, select } from "../dom.js";
import { notice } from "../notice.js";
import { link, place, setQuery } from "../router.js";
import { permissionPhrases, shortened, tokenName, websitePhrases } from "../scope.js";
import { may, me } from "../session.js";
import { heading, load } from "../stage.js";
import { table } from "../table.js";
import { counted, say } from "../text.js";
import { agoNode, DAY, exact, isNear, now } from "../time.js";
import { TokenList } from "../token-list.js";
import { revoke } from "../token-actions.js";

const PAGE = 50;
const TYPING_MILLISECONDS = 250;
/* What is searched for stands in the address and in the web server's log: no key may. */
const KEY = /[A-Za-z0-9]{1,8}_[A-Za-z0-9]{48}/;

/** The state as a coloured word. */
export function stateBadge(token) {
	return element("span", { class: `badge ${token.state}` }, say(`state.${token.state}`));
}

/** When it ends; near ends are marked. */
export function expiryNode(token) {
	const node = agoNode(token.expiresAt, say("never"));
	if (token.state !== "active" || !isNear(token.expiresAt))
		return node;
	return element("span", { class: "near", title: exact(token.expiresAt) }, say("tokens.near"), " ", node);
}

function nameCell(token) {
	return element("span", {}, element("a", { href: link("tokens", token.id) }, tokenName(token)),
		token.id === me().token.id && element("span", { class: "badge self" }, say("tokens.self")));
}

/** A list cut to one line, whole when pointed at. */
function phrasesCell(phrases) {
	return element("span", { title: phrases.join("\n") }, shortened(phrases, 2));
}

function columnsOf(sorting, sortBy, changed) {
	const sort = (column) => ({
		state: sorting.column !== column ? "none" : sorting.descending ? "descending" : "ascending",
		change: () => sortBy(column),
	});
	const columns = [
		{ title: say("token.name"), cell: nameCell, sort: sort("name") },
		{ title: say("token.key"), cell: (token) => element("code", {}, token.displayKey) },
		{ title: say("token.permissions"), cell: (token) => phrasesCell(permissionPhrases(token.permissions)) },
		{ title: say("token.websites"), cell: (token) => phrasesCell(websitePhrases(token.websiteIds)) },
		{ title: say("token.created"), cell: (token) => agoNode(token.createdAt), sort: sort("createdAt") },
		{ title: say("token.lastUsed"), cell: (token) => agoNode(token.lastUsedAt, say("token.unused")),
			sort: sort("lastUsedAt") },
		{ title: say("token.expires"), cell: expiryNode, sort: sort("expiresAt") },
		{ title: say("token.state"), cell: stateBadge },
	];
	if (may("api-keys:write"))
		columns.push({ title: say("token.actions"), cell: (token) => revokeButton(token, changed) });
	return columns;
}

function revokeButton(token, changed) {
	if (token.state === "revoked")
		return null;
	return button(say("revoke"), async () => {
		if (await revoke(token))
			changed(token);
	}, { class: "small", "aria-label": say("revoke.of", { name: tokenName(token) }) });
}

/** What FORM says; an address could say anything. */
function filterOf(form) {
	return Object.fromEntries(new FormData(form));
}

function filterForm(query, changed) {
	const search = element("input", { type: "search", name: "q", maxlength: "100", value: query.get("q") ?? "" });
	const state = select(["", "active", "expired", "revoked", "all"].map((value) =>
		[value, say(`tokens.state.${value || "usual"}`)]), query.get("state") ?? "", { name: "state" });
	const permission = select([["", say("tokens.anyPermission")],
		...me().permissions.map(({ name }) => [name, name])], query.get("permission") ?? "", { name: "permission" });
	const website = select([["", say("tokens.anyWebsite")],
		...me().websites.map(({ id, domain }) => [id, domain])], query.get("websiteId") ?? "", { name: "websiteId" });
	const unused = select([["", say("tokens.anyUse")], ...[30, 90, 365].map((days) =>
		[String(days), say("tokens.unusedFor", { count: days })])], query.get("unused") ?? "", { name: "unused" });
	const form = element("form", { class: "filters", role: "search", onsubmit: (event) => event.preventDefault() },
		field(say("tokens.search"), search), field(say("tokens.state"), state),
		field(say("token.permission"), permission),
		me().websites.length > 0 && field(say("token.website"), website),
		field(say("token.lastUsed"), unused));
	const tell = () => {
		if (KEY.test(search.value)) {
			search.value = "";
			notice(say("tokens.searchedKey"));
		}
		if (form.isConnected)
			changed(filterOf(form));
	};
	let typing = 0;
	search.addEventListener("input", () => {
		clearTimeout(typing);
		typing = setTimeout(tell, TYPING_MILLISECONDS);
	});
	for (const choice of form.querySelectorAll("select"))
		choice.addEventListener("change", tell);
	return form;
}

/** The query of the service for what the form holds. */
function serviceQuery({ unused, ...query }) {
	return unused ? { ...query, unusedSince: new Date(now() - unused * DAY).toISOString() } : query;
}

function pager(list, start, turn) {
	const end = Math.min(start + PAGE, list.rows.length);
	const values = { from: start + 1, to: end, count: list.rows.length };
	return element("nav", { class: "pager", "aria-label": say("tokens.pages") },
		element("p", { role: "status" }, say(list.complete ? "tokens.range" : "tokens.rangeOfMore", values)),
		button(say("tokens.previous"), () => turn(start - PAGE, "previous"), { name: "previous", disabled: start === 0 }),
		button(say("tokens.next"), () => turn(start + PAGE, "next"),
			{ name: "next", disabled: list.complete && end === list.rows.length }));
}

function nothing(filtered) {
	return element("div", { class: "empty" }, element("p", {}, say(filtered ? "tokens.noMatch" : "tokens.none")),
		!filtered && may("api-keys:write") &&
			element("a", { class: "button primary", href: link("create") }, say("tokens.create")));
}

/** The part below the filters: one list and the page of it that is shown. */
class Results {
	#node;
	#abort = new AbortController();
	#sorting = { column: "createdAt", descending: true };
	#filter = {};
	#list;

	constructor(node) {
		this.#node = node;
	}

	/** Reads anew what FILTER lets through. */
	filter(filter, start = 0) {
		this.#filter = filter;
		this.#abort.abort();
		this.#abort = new AbortController();
		this.#list = new TokenList(serviceQuery(filter), this.#abort.signal);
		return this.#show(start, true);
	}

	/** Reads anew; the focus goes to the row that stands where the INDEXth of the page from START stood. */
	async #again(start, index) {
		if (!await this.filter(this.#filter, start))
			return;
		const names = this.#node.querySelectorAll("tbody th a");
		names[Math.min(index, names.length - 1)]?.focus();
	}

	async #turn(start, name) {
		if (!await this.#show(start))
			return;
		this.#node.scrollIntoView();
		const pager = this.#node.querySelector(".pager");
		(pager?.querySelector(`[name="${name}"]:enabled`) ?? pager?.querySelector(":enabled"))
			?.focus({ preventScroll: true });
	}

	async #sortBy(column) {
		const { column: old, descending } = this.#sorting;
		this.#sorting = { column, descending: column === old ? !descending : column !== "name" };
		if (await this.#show(0, true))
			this.#node.querySelector("[aria-sort$=ending] button")?.focus();
	}

	#progress(count) {
		this.#node.replaceChildren(element("p", { class: "loading", role: "status" },
			say("tokens.reading", { count: counted(count) })));
	}

	#show(start, sortFirst = false) {
		const list = this.#list;
		return load(this.#node, async () => {
			if (sortFirst)
				await list.sort(this.#sorting.column, this.#sorting.descending, (count) => this.#progress(count));
			await list.have(start + PAGE);
			if (list.rows.length === 0)
				return nothing(Object.values(this.#filter).some(Boolean));
			// Of fewer rows than before, the last page.
			const from = Math.min(start, Math.floor((list.rows.length - 1) / PAGE) * PAGE);
			const rows = list.rows.slice(from, from + PAGE);
			return [
				table(say("nav.tokens"), columnsOf(this.#sorting, (column) => this.#sortBy(column),
					(token) => this.#again(from, rows.indexOf(token))), rows),
				pager(list, from, (to, name) => this.#turn(to, name)),
			];
		});
	}
}

function showOwnOnly(main) {
	main.append(element("p", {}, say("tokens.ownOnly")),
		element("p", {}, element("a", { href: link("tokens", me().token.id) }, say("tokens.ownLink"))));
}

/** Fills MAIN. */
export function showTokens(main) {
	const title = say("nav.tokens");
	main.append(heading(title, may("api-keys:write") &&
		element("a", { class: "button primary", href: link("create") }, say("tokens.create"))));
	if (!may("api-keys:read")) {
		showOwnOnly(main);
		return title;
	}
	const node = element("div", { class: "results" });
	const results = new Results(node);
	const { query } = place();
	const form = filterForm(query, (filter) => {
		setQuery(filter);
		results.filter(filter);
	});
	main.append(form, node);
	results.filter(filterOf(form));
	return title;
}
