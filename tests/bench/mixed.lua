-- SPDX-License-Identifier: ISC
-- For wrk with as many threads as connections, so that each thread has one request at a time: of
-- 100 steps, 90 verify a token, 9 list tokens, and 1 makes a token and revokes it. The argument is
-- a key. Prints how many of each there were, one of the refusals, and the 99th percentile of the
-- verifies.
local ffi = require("ffi")
ffi.cdef [[
	struct moment { long seconds, nanoseconds; };
	int clock_gettime(int clock, struct moment *moment);
]]
local MONOTONIC = 1
local TOKENS = "/api/v1/admin/access-tokens"
local KINDS = { "verify", "list", "create", "revoke", "refused" }

local moment = ffi.new("struct moment")
local threads = {}
local headers, texts, kind, made, asked_at

local function microseconds_now()
	ffi.C.clock_gettime(MONOTONIC, moment)
	return tonumber(moment.seconds) * 1e6 + tonumber(moment.nanoseconds) / 1e3
end

function setup(thread)
	threads[#threads + 1] = thread
	thread:set("number", #threads)
end

-- Global, so that done() finds them from outside the thread.
counts = { verify = 0, list = 0, create = 0, revoke = 0, refused = 0 }
verifies = {}
refusal = ""

function init(arguments)
	math.randomseed(number)
	headers = { Authorization = "Bearer " .. arguments[1], ["Content-Type"] = "application/json" }
	texts = {
		verify = wrk.format("GET", TOKENS .. "/self", headers),
		list = wrk.format("GET", TOKENS, headers),
		create = wrk.format("POST", TOKENS, headers, "{}"),
	}
end

function request()
	local chance = math.random()

	kind = made and "revoke" or chance < 0.90 and "verify" or chance < 0.99 and "list" or "create"
	texts.revoke = made and wrk.format("DELETE", TOKENS .. "/" .. made, headers)
	made = nil
	asked_at = microseconds_now()
	return texts[kind]
end

function response(status, _, body)
	local spent = microseconds_now() - asked_at

	counts[kind] = counts[kind] + 1
	if status >= 400 then
		counts.refused = counts.refused + 1
		refusal = kind .. ": " .. status .. " " .. body
	elseif kind == "create" then
		made = body:match('"id":"(%w+)"') or "none"
	end
	if kind == "verify" then
		verifies[#verifies + 1] = spent
	end
end

function done()
	local all, sums = {}, {}

	for _, thread in ipairs(threads) do
		for _, spent in ipairs(thread:get("verifies")) do
			all[#all + 1] = spent
		end
		for name, count in pairs(thread:get("counts")) do
			sums[name] = (sums[name] or 0) + count
		end
	end
	table.sort(all)
	for _, thread in ipairs(threads) do
		if thread:get("refusal") ~= "" then
			print(thread:get("refusal"))
			break
		end
	end
	for _, name in ipairs(KINDS) do
		print(name .. " count " .. sums[name])
	end
	print("verify p99 " .. all[math.ceil(#all * 0.99)] .. " us")
end
