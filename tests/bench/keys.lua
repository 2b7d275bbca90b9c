-- SPDX-License-Identifier: ISC
-- For wrk: sends the keys of a file (the first argument, one a line) in turn.
local requests, at = {}, 0

function init(arguments)
	for key in io.lines(arguments[1]) do
		requests[#requests + 1] = wrk.format(nil, nil, { Authorization = "Bearer " .. key })
	end
end

function request()
	at = at % #requests + 1
	return requests[at]
end
