// SPDX-License-Identifier: ISC
/** One token: what it is, what may be done to it, its family, its use. */
import { activityCharts } from "../activity-charts.js";
import { call } from "../api.js";
import { button, checkbox, element, once } from "../dom.js";
import { family } from "../family.js";
import { notice } from "../notice.js";
import { problemBox } from "../problem.js";
import { addressPhrase, permissionPhrases, tokenName, websitePhrases } from "../scope.js";
import { ScopeForm } from "../scope-form.js";
import { may, me } from "../session.js";
import { heading, load } from "../stage.js";
import { say } from "../text.js";
import { narrow, revoke, rotate } from "../token-actions.js";
import { agoNode, exact, now } from "../time.js";
import { expiryNode, stateBadge } from "./tokens.js";

function list(phrases) {
	return element("ul", { class: "plain" }, phrases.map((phrase) => element("li", {}, phrase)));
}

function useNode(token) {
	if (!token.lastUsedAt)
		return say("token.unused");
	return element("span", {}, agoNode(token.lastUsedAt), " ", say("token.used",
		{ address: token.lastUsedIp ?? "?", exact: exact(token.lastUsedAt), count: token.useCount }));
}

function facts(token) {
	const rows = [
		["token.state", stateBadge(token)], ["token.key", element("code", {}, token.displayKey)],
		["token.permissions", list(permissionPhrases(token.permissions))],
		["token.websites", list(websitePhrases(token.websiteIds))],
		["token.addresses", addressPhrase(token.allowedIps)],
		["token.created", element("span", {}, exact(token.createdAt))],
		["token.lastUsed", useNode(token)], ["token.expires", expiryNode(token)],
		["token.rotated", token.rotatedAt && exact(token.rotatedAt)],
		["token.grace", token.graceEndsAt && Date.parse(token.graceEndsAt) > now() && exact(token.graceEndsAt)],
		["token.id", element("code", {}, token.id)],
	];
	return element("dl", { class: "facts" }, rows.filter(([, value]) => value).map(([name, value]) =>
		element("div", {}, element("dt", {}, say(name)), element("dd", {}, value))));
}

/** What CHANGED of TOKEN, as a change of it sends it. */
function difference(token, changed) {
	const same = (a, b) => JSON.stringify(Array.isArray(a) ? [...a].sort() : a) ===
		JSON.stringify(Array.isArray(b) ? [...b].sort() : b);
	return Object.fromEntries(Object.entries(changed).filter(([name, value]) => !same(value, token[name])));
}

function changeForm(token, closed) {
	const form = new ScopeForm({ outer: token, reason: say("form.beyondToken"), start: token, change: true });
	const [cascadeNode, cascade] = checkbox(say("change.cascade"), {}, say("change.cascadeHint"));
	const problems = element("div");

	async function change(body) {
		try {
			await call("PATCH", `admin/access-tokens/${token.id}`, { body, query: { cascade: cascade.checked || null } });
		} catch (problem) {
			// Beside the field, where it can be mended.
			if (!form.showProblem(problem))
				problems.replaceChildren(problemBox(problem));
			return;
		}
		notice(say("change.done", { name: body.name ?? tokenName(token) }));
		closed();
	}

	async function send() {
		problems.replaceChildren();
		const value = form.value();
		if (!value)
			return;
		const body = difference(token, value);
		const names = Object.keys(body);
		if (names.length === 0)
			closed();
		else if (names.every((name) => name === "name") || await narrow(token))
			await change(body);
	}

	return element("form", { onsubmit: once(send), novalidate: true }, element("h2", { tabindex: "-1" }, say("change.title")),
		element("p", {}, say("change.lead")), form.node, cascadeNode, problems,
		element("div", { class: "actions" },
			element("button", { type: "submit", class: "primary" }, say("change.go")),
			button(say("cancel"), closed)));
}

function openChange(place, token, again) {
	place.replaceChildren(changeForm(token, again));
	place.querySelector("h2").focus();
}

/** The buttons that the caller has for TOKEN. PLACE takes the form of a change, AGAIN shows anew. */
function actions(token, place, again) {
	const self = token.id === me().token.id;
	if (token.state !== "active" || !(self || may("api-keys:write")))
		return [];
	const afterwards = async (action) => {
		if (await action(token))
			again();
	};
	return [
		!self && button(say("change"), () => openChange(place, token, again)),
		button(say("rotate"), () => afterwards(rotate)),
		button(say("revoke"), () => afterwards(revoke), { class: "danger" }),
	];
}

async function readToken(id) {
	const path = id === me().token.id ? "self" : id;
	const { data: [token] } = await call("GET", `admin/access-tokens/${path}`);
	return token;
}

/** Fills MAIN. */
export function showToken(main, _, id) {
	const again = () => load(main, async () => {
		const token = await readToken(id);
		const place = element("div", {}, facts(token));
		return [heading(tokenName(token), ...actions(token, place, again)), place,
			may("api-keys:read") && element("section", {}, element("h2", {}, say("family.title")), family(token)),
			may("api-keys:read") && element("section", {}, element("h2", {}, say("activity.title")),
				activityCharts(token.id))].filter(Boolean);
	}, heading(say("token.title")));
	again();
	return say("token.title");
}
