// SPDX-License-Identifier: ISC
/** Who changed what, newest first. */
import { call } from "../api.js";
import { button, element } from "../dom.js";
import { link } from "../router.js";
import { tokenName, websiteName } from "../scope.js";
import { heading, load } from "../stage.js";
import { table } from "../table.js";
import { say, sayIfKnown } from "../text.js";
import { exact } from "../time.js";

const PAGE = 100;

/** Names of tokens that were met: id to name, or to the id where nobody knows the token any more. */
const names = new Map();

async function learnName(id) {
	try {
		names.set(id, tokenName((await call("GET", `admin/access-tokens/${id}`)).data[0]));
	} catch (problem) {
		if (problem.status !== 404)
			throw problem;
		names.set(id, id);
	}
}

function learnNames(entries) {
	const ids = new Set(entries.map(({ actorTokenId }) => actorTokenId));
	return Promise.all([...ids].filter((id) => id && !names.has(id)).map(learnName));
}

function actor({ actorTokenId }) {
	if (actorTokenId === null)
		return say("audit.operator");
	return element("a", { href: link("tokens", actorTokenId) }, names.get(actorTokenId));
}

function target(entry) {
	const name = entry.after?.name ?? entry.before?.name ?? entry.after?.domain ?? entry.before?.domain;
	if (!entry.targetId)
		return name ?? "";
	if (entry.action.startsWith("token."))
		return element("a", { href: link("tokens", entry.targetId) }, name ?? entry.targetId);
	if (entry.action.startsWith("website.") || entry.action.startsWith("team."))
		return name ?? websiteName(entry.targetId);
	return name ?? entry.targetId;
}

function pretty(label, value) {
	return value && element("div", {}, element("strong", {}, label),
		element("pre", { tabindex: "0" }, element("code", {}, JSON.stringify(value, null, 2))));
}

function details(entry) {
	return element("details", {}, element("summary", {}, say("audit.details")),
		pretty(say("audit.before"), entry.before), pretty(say("audit.after"), entry.after),
		element("p", {}, say("audit.request", { id: entry.requestId ?? "–", address: entry.address ?? "–" })));
}

const columns = [
	{ title: say("audit.at"), cell: (entry) => element("time", { datetime: entry.at }, exact(entry.at)) },
	{ title: say("audit.action"), cell: (entry) => sayIfKnown(`audit.${entry.action}`, entry.action) },
	{ title: say("audit.target"), cell: target },
	{ title: say("audit.actor"), cell: actor },
	{ title: say("audit.details"), cell: details },
];

/** Fills MAIN. */
export function showAudit(main) {
	const title = say("nav.audit");
	const node = element("div");
	const entries = [];
	let cursor = null;

	async function readOn() {
		const answer = await call("GET", "admin/audit", { query: { limit: PAGE, cursor } });
		await learnNames(answer.data);
		entries.push(...answer.data);
		cursor = answer.pagination.nextCursor;
		return [table(title, columns, entries), cursor && button(say("audit.more"), more)].filter(Boolean);
	}

	/** Reads on; the focus goes to the first entry that is new. */
	async function more() {
		const known = entries.length;
		if (await load(node, readOn))
			node.querySelectorAll("summary")[known]?.focus();
	}

	main.append(heading(title), element("p", {}, say("audit.lead")), node);
	load(node, readOn);
	return title;
}
