// SPDX-License-Identifier: ISC
/** Starts the console: who is signed in, the frame of the page, and which view is where. */
import { closeDialogs } from "./dialog.js";
import { button, element, field, select } from "./dom.js";
import { ID, link, show, startRouter } from "./router.js";
import { may, me, reachesAllWebsites, restore, signOut, whenSessionEnds } from "./session.js";
import { chooseLanguage, language, languages, say } from "./text.js";
import { tokenName } from "./scope.js";
import { showSignIn } from "./views/sign-in.js";
import { showActivity } from "./views/activity.js";
import { showAudit } from "./views/audit.js";
import { showCreate } from "./views/create.js";
import { showToken } from "./views/token.js";
import { showTokens } from "./views/tokens.js";
import { showWebsite } from "./views/website.js";
import { showWebsites } from "./views/websites.js";

const routes = [
	[["tokens"], showTokens],
	[["tokens", ID], showToken],
	[["create"], showCreate],
	[["websites"], showWebsites],
	[["websites", ID], showWebsite],
	[["activity"], showActivity],
	[["audit"], showAudit],
];

function navigation() {
	const wide = may("api-keys:read") && reachesAllWebsites();
	const entries = [["tokens", true], ["websites", may("websites:read")], ["activity", wide], ["audit", wide]];
	return element("nav", { "aria-label": say("nav.label") }, element("ul", {},
		entries.filter(([, shown]) => shown).map(([name]) =>
			element("li", {}, element("a", { href: link(name) }, say(`nav.${name}`))))));
}

function leave() {
	signOut();
	startSignedOut();
}

function fillHeader() {
	const title = element("a", { class: "brand", href: link("tokens") }, "Claviger");
	document.getElementById("header").replaceChildren(title, ...(me() ? [navigation(),
		element("div", { class: "who" },
			element("a", { href: link("tokens", me().token.id), title: say("nav.self") },
				`${me().account.name} · ${tokenName(me().token)}`),
			button(say("nav.signOut"), leave))] : []));
}

/** A link to #main would be a place for the router. */
function fillSkip() {
	const skip = document.getElementById("skip");
	skip.textContent = say("nav.skip");
	skip.addEventListener("click", (event) => {
		event.preventDefault();
		document.getElementById("main").focus();
	});
}

function fillFooter() {
	const choice = select(languages, language, { onchange: () => chooseLanguage(choice.value) });
	document.getElementById("footer").replaceChildren(
		element("a", { href: "docs/" }, say("foot.docs")),
		field(say("foot.language"), choice));
}

function startSignedIn(focus) {
	fillHeader();
	show(focus);
}

function startSignedOut(problem = null) {
	closeDialogs();
	fillHeader();
	showSignIn(document.getElementById("main"), () => startSignedIn(true), problem);
}

async function start() {
	document.documentElement.lang = language;
	fillSkip();
	fillFooter();
	// A question belongs to the view that it was asked in.
	addEventListener("hashchange", closeDialogs);
	startRouter(routes, () => me() !== null);
	whenSessionEnds(startSignedOut);
	try {
		if (await restore())
			startSignedIn(false);
		else
			startSignedOut();
	} catch (problem) {
		if (problem.status === 401)
			signOut();
		startSignedOut(problem);
	}
}

start();
