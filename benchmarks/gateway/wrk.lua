-- Sends the request that the benchmark prepared, and prints what wrk counted as one line of JSON.
-- Arguments after "--": a file with the path, then one header per line, an empty line, and the body.

local function read_request(name)
  local file = assert(io.open(name, "rb"))
  local content = file:read("*a")
  file:close()
  local head, body = content:match("^(.-)\n\n(.*)$")
  local path
  for line in head:gmatch("[^\n]+") do
    local field, value = line:match("^([^:]+): (.*)$")
    if path and field then wrk.headers[field] = value else path = path or line end
  end
  return path, body
end

function init(arguments)
  local path, body = read_request(arguments[1])
  request_bytes = wrk.format("POST", path, nil, body)
end

function request()
  return request_bytes
end

function done(summary, latency)
  local errors = summary.errors
  local line = '{"answered":%d,"failed":%d,"status":%d,"microseconds":%d,"p50":%.4f,"p90":%.4f,"p99":%.4f,"p999":%.4f,"max":%.4f}\n'
  io.write(line:format(summary.requests, errors.connect + errors.read + errors.write + errors.timeout, errors.status,
    summary.duration, latency:percentile(50) / 1000, latency:percentile(90) / 1000, latency:percentile(99) / 1000,
    latency:percentile(99.9) / 1000, latency.max / 1000))
end
