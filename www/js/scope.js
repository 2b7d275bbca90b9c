// SPDX-License-Identifier: ISC
/** A token's scope in words. What it means is decided by the service alone. */
import { counted, listed, say, sayIfKnown, translated } from "./text.js";
import { day } from "./time.js";
import { me } from "./session.js";

/** The catalogue's entries by resource: Map of "goals" to [{name, description, granted}]. */
export function byResource(permissions) {
	const groups = new Map();
	for (const permission of permissions) {
		const [resource] = permission.name.split(":");
		groups.set(resource, [...groups.get(resource) ?? [], permission]);
	}
	return groups;
}

/** "Goals" for "goals": names of a catalogue of one's own stay as they are. */
export function resourceName(resource) {
	return sayIfKnown(`resource.${resource}`, resource);
}

/** "read" for "goals:read". */
export function actionName(name) {
	const action = name.split(":")[1];
	return sayIfKnown(`action.${action}`, action);
}

/** One sentence on PERMISSION, an entry of the catalogue: one of the service's own, or ours for it. */
export function permissionSentence({ name, description }) {
	return translated(`permission.${name}`, description);
}

/** ["Goals: read and write", ...], or the one sentence for "*". */
export function permissionPhrases(names) {
	if (names.includes("*"))
		return [say("scope.everything")];
	const groups = byResource(names.map((name) => ({ name })));
	return [...groups].map(([resource, members]) => say("scope.actions", {
		resource: resourceName(resource), actions: listed(members.map(({ name }) => actionName(name))),
	}));
}

/** The domain of a website, or its id where it is deleted or not shown to the caller. */
export function websiteName(id) {
	return me().websites.find((website) => website.id === id)?.domain ?? id;
}

/** ["example.com", ...]; an empty list of the service means all. */
export function websitePhrases(ids) {
	return ids.length === 0 ? [say("scope.allWebsites")] : ids.map(websiteName);
}

/** The first COUNT of PHRASES in one line. */
export function shortened(phrases, count = 3) {
	const rest = phrases.length - count;
	if (rest <= 0)
		return phrases.join(", ");
	return say("scope.more", { some: phrases.slice(0, count).join(", "), rest: counted(rest) });
}

/** "until 3 May 2027" or "without an end". */
export function untilPhrase(expiresAt) {
	return expiresAt ? say("scope.until", { day: day(expiresAt) }) : say("scope.endless");
}

/** "from any address" or "from 192.0.2.0/24". */
export function addressPhrase(allowedIps) {
	return allowedIps.length === 0 ? say("scope.anywhere") : say("scope.from", { addresses: listed(allowedIps) });
}

/** The name of a token for a sentence. */
export function tokenName(token) {
	return token.name ?? token.displayKey;
}
