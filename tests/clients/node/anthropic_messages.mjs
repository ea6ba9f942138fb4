// The official Anthropic client for JavaScript.

import Anthropic from "@anthropic-ai/sdk";
import { zodOutputFormat } from "@anthropic-ai/sdk/helpers/zod";
import { counted, Fruit, user } from "./openai_chat.mjs";

export class AnthropicMessages {
  constructor(house, samples) {
    this.client = new Anthropic({
      baseURL: house.url, apiKey: house.key, maxRetries: 0, timeout: house.timeout * 1000,
    });
    this.messages = this.client.messages;
    this.samples = samples;
    this.tool_list = Object.entries(samples.described).map(([name, description]) => ({
      name, description, input_schema: samples.city,
    }));
  }

  async whole(to) {
    const made = await this.messages.create({ model: to.model, max_tokens: 32, messages: user(to.question) });
    return { text: text(made), finish: made.stop_reason, usage: counts(made.usage) };
  }

  async stream(to) {
    const words = [];
    const stream = this.messages.stream({ model: to.model, max_tokens: 32, messages: user(to.question) });
    stream.on("text", (piece) => words.push(piece));
    await stream.done();
    return counted(words);
  }

  async stream_usage(to) {
    const stream = this.messages.stream({ model: to.model, max_tokens: 32, messages: user(to.question) });
    const made = await stream.finalMessage();
    return { text: text(made), usage: counts(made.usage) };
  }

  async answered(to, made, pieces = 1) {
    const calls = made.content.filter((block) => block.type === "tool_use");
    const results = calls.map((call) => ({
      type: "tool_result", tool_use_id: call.id, content: this.samples.results[call.name],
    }));
    const messages = [
      ...user(this.samples.call_both), { role: "assistant", content: made.content }, ...user(results),
    ];
    const after = await this.messages.create({
      model: to.model, max_tokens: 512, messages, tools: this.tool_list,
    });
    return {
      text: text(after),
      finish: made.stop_reason,
      pieces,
      calls: calls.map((call) => [call.name, call.input]),
    };
  }

  async tools(to) {
    const messages = user(this.samples.call_both);
    return this.answered(
      to, await this.messages.create({ model: to.model, max_tokens: 512, messages, tools: this.tool_list }),
    );
  }

  async tools_stream(to) {
    let pieces = 0;
    const messages = user(this.samples.call_both);
    const stream = this.messages.stream({ model: to.model, max_tokens: 512, messages, tools: this.tool_list });
    stream.on("inputJson", () => (pieces += 1));
    return this.answered(to, await stream.finalMessage(), pieces);
  }

  async structured(to) {
    const made = await this.messages.parse({
      model: to.model, max_tokens: 64, messages: user(this.samples.structured),
      output_config: { format: zodOutputFormat(Fruit) },
    });
    return { parsed: made.parsed_output };
  }

  async vision(to) {
    const content = [
      { type: "image", source: { type: "base64", media_type: "image/png", data: this.samples.pixel } },
      { type: "text", text: this.samples.look },
    ];
    return { text: text(await this.messages.create({ model: to.model, max_tokens: 512, messages: user(content) })) };
  }

  async reasoning(to) {
    const made = await this.messages.create({
      model: to.thinker, max_tokens: 2048, messages: user(to.question), thinking: { type: "adaptive" },
    });
    return { text: text(made), reasoning: thoughts(made) };
  }

  async reasoning_stream(to) {
    let pieces = 0;
    const stream = this.messages.stream({
      model: to.thinker, max_tokens: 2048, messages: user(to.question), thinking: { type: "adaptive" },
    });
    stream.on("thinking", () => (pieces += 1));
    const made = await stream.finalMessage();
    return { text: text(made), reasoning: thoughts(made), pieces };
  }

  async leave(to) {
    const stream = await this.messages.create({
      model: to.model, max_tokens: 32, messages: user(to.question), stream: true,
    });
    for await (const event of stream) if (event.delta?.text) return { text: event.delta.text };
  }

  async stop(to) {
    const made = await this.messages.create({
      model: to.model, max_tokens: 32, messages: user(to.question), stop_sequences: [to.stop_at],
    });
    return { text: text(made), finish: made.stop_reason };
  }

  async count_tokens(to) {
    const made = await this.messages.countTokens({ model: to.model, messages: user(to.question) });
    return { usage: [made.input_tokens, 0] };
  }

  async models(to) {
    const names = [(await this.client.models.retrieve(to.model)).id];
    for await (const card of this.client.models.list()) names.push(card.id);
    return { names };
  }
}

const text = (made) => made.content.filter((block) => block.type === "text").map((block) => block.text).join("");
const thoughts = (made) =>
  made.content.filter((block) => block.type === "thinking").map((block) => block.thinking).join("");
const counts = (usage) => [
  usage.input_tokens + (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0),
  usage.output_tokens,
];
