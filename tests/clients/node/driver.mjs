// Speaks for the official clients of npm: a line of JSON in asks for a feature, a line out says what was seen.
//
// In:  {"client", "feature", "house": {"url", "key", "timeout"}, "to": an upstream, "samples": what every client sends}
// Out: {"observed": ...} as in observed.py, {"refused": ...} for the gateway's own error, or {"failed": "..."}.

import { createInterface } from "node:readline";
import { APIError as AnthropicError } from "@anthropic-ai/sdk";
import { APIError as OpenAIError } from "openai";
import { AnthropicMessages } from "./anthropic_messages.mjs";
import { OpenAIChat } from "./openai_chat.mjs";
import { OpenAIResponses } from "./openai_responses.mjs";

const CLIENTS = { OpenAIChat, OpenAIResponses, AnthropicMessages };

async function answer({ client, feature, house, to, samples }) {
  try {
    return { observed: await new CLIENTS[client](house, samples)[feature](to) };
  } catch (error) {
    if (error instanceof OpenAIError || error instanceof AnthropicError) return { refused: told(error) };
    return { failed: String(error?.stack ?? error) };
  }
}

function told(error) {
  const waits = error.headers?.get("retry-after");
  return {
    kind: error.constructor.name,
    status: error.status ?? null,
    code: error.code ?? null,
    parameter: error.param ?? null,
    message: error.message,
    retry_after: waits == null ? null : Number(waits),
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(await answer(JSON.parse(line))) + "\n");
}
