// The official OpenAI client for JavaScript, on Chat Completions and the routes beside it.

import { createReadStream } from "node:fs";
import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";

export const Fruit = z.object({ name: z.string(), count: z.number().int() });
export const user = (content) => [{ role: "user", content }];
export const open = (house) =>
  new OpenAI({ baseURL: `${house.url}/v1`, apiKey: house.key, maxRetries: 0, timeout: house.timeout * 1000 });
export const counted = (words) => ({ text: words.join(""), pieces: words.filter(Boolean).length });

export class OpenAIChat {
  constructor(house, samples) {
    this.client = open(house);
    this.chat = this.client.chat.completions;
    this.samples = samples;
    this.tool_list = Object.entries(samples.described).map(([name, description]) => ({
      type: "function",
      function: { name, description, parameters: samples.city, strict: true },
    }));
  }

  async whole(to) {
    const made = await this.chat.create({
      model: to.model, messages: user(to.question), max_tokens: 32, temperature: 0,
    });
    const [choice] = made.choices;
    return { text: choice.message.content, finish: choice.finish_reason, usage: counts(made.usage) };
  }

  async stream(to) {
    const words = [];
    for await (const chunk of await this.chat.create({
      model: to.model, messages: user(to.question), max_tokens: 32, temperature: 0, stream: true,
    })) words.push(chunk.choices[0]?.delta?.content ?? "");
    return counted(words);
  }

  async stream_usage(to) {
    const stream = this.chat.stream({
      model: to.model, messages: user(to.question), max_tokens: 32, temperature: 0,
      stream_options: { include_usage: true },
    });
    return { text: await stream.finalContent(), usage: counts(await stream.totalUsage()) };
  }

  async answered(to, made, pieces = 1) {
    const { message, finish_reason } = made.choices[0];
    const results = message.tool_calls.map((call) => ({
      role: "tool", tool_call_id: call.id, content: this.samples.results[call.function.name],
    }));
    const after = await this.chat.create({
      model: to.model, messages: [...user(this.samples.call_both), message, ...results], tools: this.tool_list,
    });
    return {
      text: after.choices[0].message.content,
      finish: finish_reason,
      pieces,
      calls: message.tool_calls.map((call) => [call.function.name, JSON.parse(call.function.arguments)]),
    };
  }

  async tools(to) {
    const messages = user(this.samples.call_both);
    return this.answered(to, await this.chat.create({ model: to.model, messages, tools: this.tool_list }));
  }

  async tools_stream(to) {
    let pieces = 0;
    const messages = user(this.samples.call_both);
    const stream = this.chat.stream({ model: to.model, messages, tools: this.tool_list });
    stream.on("tool_calls.function.arguments.delta", () => (pieces += 1));
    return this.answered(to, await stream.finalChatCompletion(), pieces);
  }

  async structured(to) {
    const made = await this.chat.parse({
      model: to.model, messages: user(this.samples.structured), max_tokens: 64, temperature: 0,
      response_format: zodResponseFormat(Fruit, "fruit"),
    });
    return { parsed: made.choices[0].message.parsed };
  }

  async vision(to) {
    const content = [
      { type: "text", text: this.samples.look },
      { type: "image_url", image_url: { url: this.samples.picture } },
    ];
    const made = await this.chat.create({ model: to.model, messages: user(content) });
    return { text: made.choices[0].message.content };
  }

  async reasoning(to) {
    const made = await this.chat.create({
      model: to.thinker, messages: user(to.question), reasoning_effort: "low",
    });
    const { content, reasoning_content } = made.choices[0].message;
    return { text: content, reasoning: reasoning_content ?? "" };
  }

  async reasoning_stream(to) {
    const words = [], thoughts = [];
    for await (const chunk of await this.chat.create({
      model: to.thinker, messages: user(to.question), reasoning_effort: "low", stream: true,
    })) {
      words.push(chunk.choices[0]?.delta?.content ?? "");
      thoughts.push(chunk.choices[0]?.delta?.reasoning_content ?? "");
    }
    const { text: reasoning, pieces } = counted(thoughts);
    return { text: words.join(""), reasoning, pieces };
  }

  async leave(to) {
    for await (const chunk of await this.chat.create({
      model: to.model, messages: user(to.question), stream: true,
    })) if (chunk.choices[0]?.delta?.content) return { text: chunk.choices[0].delta.content };
  }

  async stop(to) {
    const made = await this.chat.create({
      model: to.model, messages: user(to.question), stop: [to.stop_at], max_tokens: 32, temperature: 0,
    });
    return { text: made.choices[0].message.content };
  }

  async logprobs(to) {
    const made = await this.chat.create({
      model: to.model, messages: user(to.question), logprobs: true, top_logprobs: 2, max_tokens: 32, temperature: 0,
    });
    const tokens = made.choices[0].logprobs?.content ?? [];
    return {
      text: made.choices[0].message.content,
      logprobs: tokens.filter((token) => token.logprob <= 0).map((token) => token.token),
      alternatives: tokens[0]?.top_logprobs?.length ?? 0,
    };
  }

  async choices(to) {
    const made = await this.chat.create({ model: to.model, messages: user(to.question), n: 2, max_tokens: 32 });
    return { choices: made.choices.map((choice) => choice.message.content) };
  }

  async completion(to) {
    const made = await this.client.completions.create({
      model: to.completer || to.model, prompt: to.prompt || to.question, max_tokens: 32, temperature: 0,
    });
    return { text: made.choices[0].text };
  }

  async embeddings(to) {
    const made = await this.client.embeddings.create({ model: to.embedder || to.model, input: this.samples.texts });
    return { vectors: made.data.map((each) => each.embedding) };
  }

  async transcription(to) {
    const file = createReadStream(this.samples.sound);
    const made = await this.client.audio.transcriptions.create({ model: to.listener || to.model, file });
    return { text: made.text };
  }

  async rerank(to) {
    const { query, texts: documents } = this.samples;
    const made = await this.client.post("/rerank", { body: { model: to.reranker || to.model, query, documents } });
    return { ranking: made.results.map((result) => result.index) };
  }

  async models(to) {
    const names = [(await this.client.models.retrieve(to.model)).id];
    for await (const card of this.client.models.list()) names.push(card.id);
    return { names };
  }
}

const counts = (usage) => [usage.prompt_tokens, usage.completion_tokens];
