// SPDX-License-Identifier: ISC
/** Who is signed in: the key, the caller's record, and what the whole console needs to know of it. */
import { all, call, useKey, whenKeyIsRefused } from "./api.js";

const STORED = "claviger-key";

/** What the service says of the caller; null while nobody is signed in. */
let caller = null;

/** ENDED is called with the Problem once the service no longer takes the key. */
export function whenSessionEnds(ended) {
	whenKeyIsRefused((problem) => {
		if (caller) {
			signOut();
			ended(problem);
		}
	});
}

/** {account, token, permissions, websites}, or null. */
export function me() {
	return caller;
}

/** Does the caller hold PERMISSION? */
export function may(permission) {
	return caller.permissions.some(({ name, granted }) => name === permission && granted);
}

/** Is the caller free of a list of websites? */
export function reachesAllWebsites() {
	return caller.token.websiteIds.length === 0;
}

/** The websites that the caller sees; [] where it may not ask. */
async function readWebsites() {
	try {
		return await all("admin/websites");
	} catch (problem) {
		if (problem.status === 403)
			return [];
		throw problem;
	}
}

async function read() {
	const [{ data: [account] }, { data: permissions }, websites] = await Promise.all([
		call("GET", "admin/account"), call("GET", "admin/permissions"), readWebsites()]);
	return { account, token: account.token, permissions, websites };
}

/** Reads again what may have changed: websites, the account's name. */
export async function refresh() {
	const before = caller;
	const fresh = await read();
	// Who has signed out meanwhile stays so, and so does who has signed in then.
	if (caller === before)
		caller = fresh;
}

/**
 * Signs in with KEY; REMEMBER keeps it for this tab until it is closed, else it is gone with the
 * page. Throws a Problem where the service does not take it.
 */
export async function signIn(key, remember) {
	useKey(key);
	try {
		caller = await read();
	} catch (problem) {
		useKey(null);
		throw problem;
	}
	if (remember)
		sessionStorage.setItem(STORED, key);
	else
		sessionStorage.removeItem(STORED);
}

/** Forgets the key everywhere. */
export function signOut() {
	sessionStorage.removeItem(STORED);
	useKey(null);
	caller = null;
}

/**
 * Another key from now on for the token that is signed in (it was rotated). Nothing is asked first:
 * the old key may have ended, and the new one is good even where no answer arrives now.
 */
export function replaceKey(token) {
	useKey(token.key);
	if (sessionStorage.getItem(STORED) !== null)
		sessionStorage.setItem(STORED, token.key);
	const { key: _, ...record } = token;
	caller = { ...caller, token: record };
}

/** Signs in with what this tab remembers; says whether there was anything. */
export async function restore() {
	const key = sessionStorage.getItem(STORED);
	if (!key)
		return false;
	await signIn(key, true);
	return true;
}
