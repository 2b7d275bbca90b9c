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

/** How many living tokens were made by TOKEN, directly or not; null where the caller may not know. */
async function countDescendants(token) {
	if (!may("api-keys:write"))
		return null;
	let count = 0, cursor = null;
	do {
		const answer = await call("POST", "admin/access-tokens/revoke", {
			body: { parentId: token.id, cascade: true, dryRun: true, ...cursor && { cursor } },
		});
		count += answer.data.length + answer.revocation.descendants + answer.revocation.skipped;
		cursor = answer.pagination.nextCursor;
	} while (cursor);
	return count;
}

function usePhrase(token) {
	return token.lastUsedAt ?
		say("revoke.used", { ago: ago(token.lastUsedAt), exact: exact(token.lastUsedAt) }) : say("revoke.unused");
}

/** Asks, then revokes; returns whether it was done. */
export async function revoke(token) {
	const descendants = await countDescendants(token).catch(() => null);
	const self = token.id === me().token.id;
	const [cascadeNode, cascade] = checkbox(say("revoke.cascade", { count: descendants ?? 0 }));
	const done = await ask(say("revoke.title", { name: tokenName(token) }), [
		element("p", {}, say("revoke.breaks")),
		element("ul", {},
			element("li", {}, usePhrase(token)),
			element("li", {}, descendants === null ? say("revoke.unknownDescendants") :
				say("revoke.descendants", { count: descendants })),
			self && element("li", { class: "near" }, say("revoke.self"))),
		descendants > 0 && cascadeNode], {
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

/** Asks, rotates, and shows the new key; returns whether it was done. */
export async function rotate(token) {
	const grace = select([["0", say("rotate.atOnce")], ["3600", say("rotate.hour")], ["86400", say("rotate.day")]],
		"0");
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
