// SPDX-License-Identifier: ISC
/** Calls of the service. Every failure is a Problem; problem.js has the sentence for it. */
import { setClock } from "./time.js";

const base = new URL("api/v1/", document.baseURI);
const TRIES = 3;
const LONGEST_WAIT_SECONDS = 5;

/** STATUS 0: no answer came. REASON is the service's slug, empty where the answer was not its own. */
export class Problem extends Error {
	constructor(status, error = {}, retryAfter = 0) {
		super(error.message ?? "");
		this.status = status;
		this.reason = error.reason ?? "";
		this.field = error.field ?? "";
		this.requestId = error.requestId ?? "";
		this.retryAfter = retryAfter;
	}
}

let key = null;
let header = "Authorization";
let onRefusedKey = () => {};

/** From now on every call carries KEY; null: none. */
export function useKey(newKey) {
	key = newKey;
	header = "Authorization";
}

/** REFUSED is called with each Problem that says that the key is not taken. */
export function whenKeyIsRefused(refused) {
	onRefusedKey = refused;
}

/** The address of the service as a program outside writes it. */
export function address(path) {
	return new URL(path, base).href;
}

/** The address with QUERY; empty values are left out. */
function addressOf(path, query) {
	const url = new URL(path, base);
	for (const [name, value] of Object.entries(query)) {
		if (value !== "" && value !== null && value !== undefined)
			url.searchParams.set(name, value);
	}
	return url;
}

async function ask(method, path, { query = {}, body, idempotencyKey, signal }) {
	const headers = {};
	if (key)
		headers[header] = header === "Authorization" ? `Bearer ${key}` : key;
	if (body !== undefined)
		headers["Content-Type"] = "application/json";
	if (idempotencyKey)
		headers["Idempotency-Key"] = idempotencyKey;
	try {
		return await fetch(addressOf(path, query), {
			method, headers, signal, body: body && JSON.stringify(body), cache: "no-store",
			credentials: "omit", redirect: "error", referrerPolicy: "no-referrer",
		});
	} catch (error) {
		if (error.name === "AbortError")
			throw error;
		throw new Problem(0);
	}
}

/** The JSON of an answer; a web server's own page has none. */
async function read(response) {
	try {
		return await response.json();
	} catch {
		throw new Problem(response.ok ? 0 : response.status);
	}
}

function wait(seconds) {
	return new Promise((resolve) => {
		setTimeout(resolve, seconds * 1000);
	});
}

/** Says whether to ask again after PROBLEM, having waited: what only reads, and only a short while. */
async function askAgain(problem, method, tried) {
	if (method !== "GET" || tried === TRIES || ![429, 503].includes(problem.status) ||
	    problem.retryAfter > LONGEST_WAIT_SECONDS)
		return false;
	await wait(problem.retryAfter || 1);
	return true;
}

async function askOnce(method, path, options) {
	const response = await ask(method, path, options);
	setClock(response.headers.get("Date"));
	const answer = await read(response);
	if (response.ok)
		return answer;
	throw new Problem(response.status, answer.error,
		Number(response.headers.get("Retry-After")) || 0);
}

/**
 * Calls METHOD PATH (relative to /api/v1/) and returns the answer's JSON. OPTIONS: query, body,
 * idempotencyKey, signal (ends the call with an AbortError).
 */
export async function call(method, path, options = {}) {
	for (let tried = 1; ; tried += 1) {
		const [usedKey, usedHeader] = [key, header];
		try {
			return await askOnce(method, path, options);
		} catch (problem) {
			// Hosts that drop Authorization pass this one on. Several calls may notice it together.
			if (problem.reason === "missing_token" && usedKey && usedHeader === "Authorization") {
				header = "X-API-Key";
				tried = 0;
				continue;
			}
			// A key that has been replaced meanwhile says nothing about the one in force.
			if (problem.status === 401 && usedKey === key)
				onRefusedKey(problem);
			if (!(problem instanceof Problem) || !await askAgain(problem, method, tried))
				throw problem;
		}
	}
}

/** Calls GET PATH page after page; yields each page's records. */
export async function* pages(path, options = {}) {
	let cursor = null;
	do {
		const answer = await call("GET", path, { ...options, query: { ...options.query, cursor } });
		yield answer.data;
		cursor = answer.pagination?.nextCursor ?? null;
	} while (cursor);
}

/** All records of all pages. */
export async function all(path, options = {}) {
	const records = [];
	for await (const page of pages(path, { ...options, query: { limit: 1000, ...options.query } }))
		records.push(...page);
	return records;
}
