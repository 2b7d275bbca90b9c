// SPDX-License-Identifier: ISC
/** Who changed what, newest first. */
import { call } from "../api.js";
import { button, element } from "../dom.js";
import { link } from "../router.js";
import { websiteName } from "../scope.js";
import { heading, load } from "../stage.js";
import { table } from "../table.js";
import { say, sayIfKnown } from "../text.js";
import { exact } from "../time.js";

const PAGE = 100;

function actor(entry) {
	if (entry.actorTokenId === null)
		return say("audit.operator");
	return element("a", { href: link("tokens", entry.actorTokenId) }, element("code", {}, entry.actorTokenId));
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

function pretty(value) {
	return element("pre", {}, element("code", {}, JSON.stringify(value, null, 2)));
}

function details(entry) {
	return element("details", {}, element("summary", {}, say("audit.details")),
		entry.before && [element("h3", {}, say("audit.before")), pretty(entry.before)],
		entry.after && [element("h3", {}, say("audit.after")), pretty(entry.after)],
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
		entries.push(...answer.data);
		cursor = answer.pagination.nextCursor;
		return [table(title, columns, entries), cursor && button(say("audit.more"), () => load(node, readOn))]
			.filter(Boolean);
	}

	main.append(heading(title), element("p", {}, say("audit.lead")), node);
	load(node, readOn);
	return title;
}
