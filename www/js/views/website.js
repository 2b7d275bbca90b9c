// SPDX-License-Identifier: ISC
/** One website: its name, its team, its end. */
import { all, call } from "../api.js";
import { ask } from "../dialog.js";
import { button, element, field, select } from "../dom.js";
import { notice } from "../notice.js";
import { problemBox } from "../problem.js";
import { go } from "../router.js";
import { may } from "../session.js";
import { heading, load } from "../stage.js";
import { table } from "../table.js";
import { say } from "../text.js";

const roles = ["owner", "member", "viewer"];

function roleChoices() {
	return roles.map((role) => [role, say(`role.${role}`)]);
}

async function rename(website, again) {
	const name = element("input", { name: "name", required: true, value: website.name });
	if (await ask(say("website.rename"), field(say("website.name"), name), {
		label: say("website.rename"),
		act: () => call("PUT", `admin/websites/${website.id}`, { body: { name: name.value.trim() } }),
	}))
		again();
}

async function remove(website) {
	const done = await ask(say("website.removeTitle", { domain: website.domain }),
		element("p", {}, say("website.removeBreaks")), {
			label: say("website.remove"), danger: true,
			act: () => call("DELETE", `admin/websites/${website.id}`),
		});
	if (done) {
		notice(say("website.removed", { domain: website.domain }));
		go("websites");
	}
}

function roleCell(path, member, again) {
	if (!may("team:write"))
		return say(`role.${member.role}`);
	const problems = element("div");
	const choice = select(roleChoices(), member.role, {
		"aria-label": say("team.roleOf", { name: member.name }),
		onchange: async () => {
			try {
				await call("PUT", `${path}/${member.accountId}`, { body: { role: choice.value } });
				notice(say("team.changed", { name: member.name }));
				again();
			} catch (problem) {
				choice.value = member.role;
				problems.replaceChildren(problemBox(problem));
			}
		},
	});
	return element("div", {}, choice, problems);
}

async function removeMember(path, member, again) {
	if (await ask(say("team.removeTitle", { name: member.name }), element("p", {}, say("team.removeBreaks")), {
		label: say("team.remove"), danger: true, act: () => call("DELETE", `${path}/${member.accountId}`),
	}))
		again();
}

async function addMember(path, again) {
	const account = element("input", { name: "accountId", required: true, spellcheck: "false", pattern: "[0-9a-f]{24}" });
	const role = select(roleChoices(), "viewer");
	if (await ask(say("team.add"), [field(say("team.account"), account, say("team.accountHint")),
		field(say("website.role"), role)], {
		label: say("team.add"),
		act: () => call("PUT", `${path}/${encodeURIComponent(account.value.trim())}`, { body: { role: role.value } }),
	}))
		again();
}

function team(website) {
	const path = `admin/websites/${website.id}/team`;
	const node = element("div");
	const again = () => load(node, async () => {
		const members = await all(path);
		const columns = [{ title: say("team.member"), cell: ({ name }) => name },
			{ title: say("team.account"), cell: ({ accountId }) => element("code", {}, accountId) },
			{ title: say("website.role"), cell: (member) => roleCell(path, member, again) }];
		if (may("team:write"))
			columns.push({ title: say("token.actions"), cell: (member) => button(say("team.remove"),
				() => removeMember(path, member, again), { class: "small",
					"aria-label": say("team.removeTitle", { name: member.name }) }) });
		return table(say("team.title"), columns, members);
	});
	again();
	return element("section", {}, heading2(say("team.title"), may("team:write") &&
		button(say("team.add"), () => addMember(path, again))), element("p", {}, say("team.lead")), node);
}

function heading2(title, action) {
	return element("div", { class: "heading" }, element("h2", {}, title), action && element("div", { class: "actions" }, action));
}

/** Fills MAIN. */
export function showWebsite(main, _, id) {
	const again = () => load(main, async () => {
		const { data: [website] } = await call("GET", `admin/websites/${id}`);
		return [heading(website.domain,
			may("settings:write") && button(say("website.rename"), () => rename(website, again)),
			may("websites:write") && website.role === "owner" &&
				button(say("website.remove"), () => remove(website), { class: "danger" })),
		element("dl", { class: "facts" },
			[["website.name", website.name], ["website.role", say(`role.${website.role}`)],
				["token.id", element("code", {}, website.id)]].map(([name, value]) =>
				element("div", {}, element("dt", {}, say(name)), element("dd", {}, value)))),
		may("team:read") && team(website)].filter(Boolean);
	}, heading(say("website.title")));
	again();
	return say("website.title");
}
