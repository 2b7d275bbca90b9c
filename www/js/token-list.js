// SPDX-License-Identifier: ISC
/** The tokens that match a filter: read as far as they are shown, and whole only to be sorted. */
import { call } from "./api.js";
import { language } from "./text.js";

const collator = new Intl.Collator(language, { numeric: true });
const NEVER_LAST = "9999";

/** What can be sorted by: column to the text that orders it. */
const orders = {
	name: (token) => token.name ?? "",
	createdAt: (token) => token.createdAt,
	lastUsedAt: (token) => token.lastUsedAt ?? "",
	expiresAt: (token) => token.expiresAt ?? NEVER_LAST,
};

export class TokenList {
	#query;
	#signal;
	#cursor = null;
	#newestFirst = true;
	#reading = null;

	/** QUERY: the list's filters. SIGNAL ends the reading. */
	constructor(query, signal) {
		this.#query = query;
		this.#signal = signal;
		this.rows = [];
		this.complete = false;
	}

	async #readPage(limit) {
		const answer = await call("GET", "admin/access-tokens", {
			query: { ...this.#query, limit, cursor: this.#cursor }, signal: this.#signal,
		});
		this.rows.push(...answer.data);
		this.#cursor = answer.pagination.nextCursor;
		this.complete = this.#cursor === null;
	}

	/* Whoever wants more while a page is on its way waits for that one. */
	#readOn(limit) {
		this.#reading ??= this.#readPage(limit).finally(() => {
			this.#reading = null;
		});
		return this.#reading;
	}

	/** Reads until there are COUNT rows, or all. */
	async have(count) {
		while (!this.complete && this.rows.length < count)
			await this.#readOn(100);
	}

	/** Reads all; PROGRESS hears how many there are. */
	async haveAll(progress) {
		while (!this.complete) {
			await this.#readOn(1000);
			progress(this.rows.length);
		}
	}

	/** Sorts by COLUMN. What the service sends is sorted by createdAt, newest first. */
	async sort(column, descending, progress) {
		if (column === "createdAt" && descending && this.#newestFirst)
			return;
		await this.haveAll(progress);
		const order = orders[column];
		const compare = column === "name" ? collator.compare : (a, b) => (a < b ? -1 : Number(a > b));
		this.rows.sort((a, b) => (descending ? -1 : 1) * compare(order(a), order(b)));
		this.#newestFirst = column === "createdAt" && descending;
	}
}
