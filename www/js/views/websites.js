// SPDX-License-Identifier: ISC
/** The websites that tokens can be limited to. */
import { call } from "../api.js";
import { ask } from "../dialog.js";
import { button, element, field } from "../dom.js";
import { notice } from "../notice.js";
import { link } from "../router.js";
import { may, me, reachesAllWebsites, refresh } from "../session.js";
import { heading, load } from "../stage.js";
import { table } from "../table.js";
import { say } from "../text.js";
import { agoNode } from "../time.js";

const columns = [
	{ title: say("website.domain"), cell: ({ id, domain }) => element("a", { href: link("websites", id) }, domain) },
	{ title: say("website.name"), cell: ({ name }) => name },
	{ title: say("website.role"), cell: ({ role }) => say(`role.${role}`) },
	{ title: say("website.created"), cell: ({ createdAt }) => agoNode(createdAt) },
];

async function add(again) {
	const domain = element("input", { name: "domain", required: true, autocapitalize: "none", spellcheck: "false" });
	const name = element("input", { name: "name" });
	const done = await ask(say("websites.add"), [
		field(say("website.domain"), domain, say("websites.domainHint")),
		field(say("website.name"), name, say("websites.nameHint"))], {
		label: say("websites.add"),
		act: () => call("POST", "admin/websites", {
			body: { domain: domain.value.trim(), ...name.value.trim() && { name: name.value.trim() } },
		}),
	});
	if (done) {
		notice(say("websites.added", { domain: domain.value.trim() }));
		again();
	}
}

/** Fills MAIN. */
export function showWebsites(main) {
	const title = say("nav.websites");
	const node = element("div");
	const again = () => load(node, async () => {
		await refresh();
		return me().websites.length > 0 ? table(title, columns, me().websites) :
			element("p", { class: "empty" }, say("websites.none"));
	});
	main.append(heading(title, may("websites:write") && reachesAllWebsites() &&
		button(say("websites.add"), () => add(again), { class: "primary" })),
	element("p", {}, say("websites.lead")), node);
	again();
	return title;
}
