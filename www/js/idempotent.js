// SPDX-License-Identifier: ISC
/** Calls that mint a key. Where the answer is lost, sending the same again replaces what it
 *  carried: the service knows it by the Idempotency-Key. */
import { call } from "./api.js";
import { holdPage } from "./hold-page.js";

/** Returns send(body), which uses one Idempotency-Key as long as the body stays the same. */
export function idempotent(method, path) {
	let sent = null;
	let idempotencyKey = null;
	return async (body) => {
		const text = JSON.stringify(body);
		if (text !== sent) {
			sent = text;
			// randomUUID() is there with HTTPS alone.
			idempotencyKey = `console-${[...crypto.getRandomValues(new Uint32Array(4))].join("-")}`;
		}
		const release = holdPage();
		try {
			return await call(method, path, { body, idempotencyKey });
		} finally {
			release();
		}
	};
}
