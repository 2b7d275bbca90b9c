// SPDX-License-Identifier: ISC
/** What is done to one token, each behind a question that says what it breaks. */
import { ask } from "./dialog.js";
import { call } from "./api.js";
import { checkbox, element, field, select } from "./dom.js";
import { idempotent } from "./idempotent.js";
import { showKey } from "./issued.js";
import { notice } from "./notice.js";
import { tokenName } from "./scope.js";
import { may, me, replaceKey, signOut } from "./session.js";
import { say } from "./text.js";
import { ago, exact } from "./time.js";

/** Was anything made by TOKEN that is revoked now? */
async function hasRevokedChildren(token) {
	if (!may("api-keys:read"))
		return false;
	const { data } = await call("GET", "admin/access-tokens",
		{ query: { parentId: token.id, state: "revoked", limit: 1 } });
	return data.length > 0;
}

/**
 * What was made by TOKEN, directly or not: {living, more}. The service counts them below tokens that
 * are not revoked; MORE: there may be some below those that are. Null where the caller may not know.
 */
async function countDescendants(token) {
	if (!may("api-keys:write"))
		return null;
	let living = 0, cursor = null;
	do {
		const answer = await call("POST", "admin/access-tokens/revoke", {
			body: { parentId: token.id, cascade: true, dryRun: true, ...cursor && { cursor } },
		});
		const { descendants, skipped } = answer.revocation;
		living += answer.data.filter(({ state }) => state === "active").length + descendants + skipped;
		cursor = answer.pagination.nextCursor;
	} while (cursor);
	return { living, more: await hasRevokedChildren(token) };
}

function usePhrase(token) {
	return token.lastUsedAt ?
		say("revoke.used", { ago: ago(token.lastUsedAt), exact: exact(token.lastUsedAt) }) : say("revoke.unused");
}

/** The use of TOKEN and its DESCENDANTS, as a list that ends with MORE. */
function atStake(token, descendants, ...more) {
	return element("ul", {},
		element("li", {}, usePhrase(token)),
		element("li", {}, descendants === null ? say("revoke.unknownDescendants") :
			say("revoke.descendants", { count: descendants.living })),
		descendants?.more && element("li", {}, say("revoke.moreDescendants")), more);
}

/** Asks, then revokes; returns whether it was done. */
export async function revoke(token) {
	const self = token.id === me().token.id;
	const descendants = await countDescendants(token).catch(() => null);
	if (!me())
		return false;
	const [cascadeNode, cascade] = checkbox(descendants?.more ? say("revoke.cascadeAll") :
		say("revoke.cascade", { count: descendants?.living ?? 0 }));
	const done = await ask(say("revoke.title", { name: tokenName(token) }), [
		element("p", {}, say("revoke.breaks")),
		atStake(token, descendants, self && element("li", { class: "near" }, say("revoke.self"))),
		(descendants?.living > 0 || descendants?.more) && cascadeNode], {
		label: say("revoke"), danger: true,
		act: () => call("DELETE", `admin/access-tokens/${token.id}`, { query: { cascade: cascade.checked || null } }),
	});
	if (done)
		notice(say("revoke.done", { name: tokenName(token) }));
	if (done && self) {
		signOut();
		location.reload();
	}
	return done;
}

/** Asks before something is taken from TOKEN; returns whether it is to be. */
export async function narrow(token) {
	const descendants = await countDescendants(token).catch(() => null);
	return me() !== null && ask(say("narrow.title", { name: tokenName(token) }), [
		element("p", {}, say("narrow.breaks")), atStake(token, descendants)], {
		label: say("narrow.go"), danger: true, act: () => Promise.resolve(),
	});
}

/** Asks, rotates, and shows the new key; returns whether it was done. */
export async function rotate(token) {
	// The own key, dead at once, could not ask again where the answer gets lost.
	const usual = token.id === me().token.id ? "3600" : "0";
	const grace = select([["0", say("rotate.atOnce")], ["3600", say("rotate.hour")], ["86400", say("rotate.day")]],
		usual);
	const send = idempotent("POST", `admin/access-tokens/${token.id}/rotate`);
	let rotated = null;
	const done = await ask(say("rotate.title", { name: tokenName(token) }), [
		element("p", {}, say("rotate.breaks")), element("p", {}, usePhrase(token)),
		field(say("rotate.grace"), grace, say("rotate.graceHint"))], {
		label: say("rotate"),
		act: async () => {
			({ data: [rotated] } = await send({ graceSeconds: Number(grace.value) }));
		},
	});
	if (!done)
		return false;
	if (rotated.id === me()?.token.id)
		replaceKey(rotated);
	await showKey(rotated);
	return true;
}
