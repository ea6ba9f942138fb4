// The official OpenAI client for JavaScript, on the Responses API.

import { zodTextFormat } from "openai/helpers/zod";
import { counted, Fruit, open, user } from "./openai_chat.mjs";

export class OpenAIResponses {
  constructor(house, samples) {
    this.responses = open(house).responses;
    this.samples = samples;
    this.tool_list = Object.entries(samples.described).map(([name, description]) => ({
      type: "function", name, description, parameters: samples.city, strict: true,
    }));
  }

  async whole(to) {
    const made = await this.responses.create({
      model: to.model, input: to.question, max_output_tokens: 32, temperature: 0,
    });
    return { text: made.output_text, finish: made.status, usage: counts(made.usage) };
  }

  async stream(to) {
    const words = [];
    for await (const event of await this.responses.create({
      model: to.model, input: to.question, max_output_tokens: 32, temperature: 0, stream: true,
    })) if (event.type === "response.output_text.delta") words.push(event.delta);
    return counted(words);
  }

  async stream_usage(to) {
    const stream = this.responses.stream({
      model: to.model, input: to.question, max_output_tokens: 32, temperature: 0,
    });
    const made = await stream.finalResponse();
    return { text: made.output_text, usage: counts(made.usage) };
  }

  async answered(to, made, pieces = 1) {
    const calls = made.output.filter((item) => item.type === "function_call");
    const results = calls.map((call) => ({
      type: "function_call_output", call_id: call.call_id, output: this.samples.results[call.name],
    }));
    const input = [...user(this.samples.call_both), ...made.output, ...results];
    const after = await this.responses.create({ model: to.model, input, tools: this.tool_list, store: false });
    return {
      text: after.output_text,
      finish: made.status,
      pieces,
      calls: calls.map((call) => [call.name, JSON.parse(call.arguments)]),
    };
  }

  async tools(to) {
    const input = user(this.samples.call_both);
    return this.answered(
      to, await this.responses.create({ model: to.model, input, tools: this.tool_list, store: false }),
    );
  }

  async tools_stream(to) {
    let pieces = 0;
    const input = user(this.samples.call_both);
    const stream = this.responses.stream({ model: to.model, input, tools: this.tool_list, store: false });
    stream.on("response.function_call_arguments.delta", () => (pieces += 1));
    return this.answered(to, await stream.finalResponse(), pieces);
  }

  async structured(to) {
    const made = await this.responses.parse({
      model: to.model, input: this.samples.structured, max_output_tokens: 64, temperature: 0,
      text: { format: zodTextFormat(Fruit, "fruit") },
    });
    return { parsed: made.output_parsed };
  }

  async vision(to) {
    const content = [
      { type: "input_text", text: this.samples.look },
      { type: "input_image", image_url: this.samples.picture, detail: "auto" },
    ];
    const made = await this.responses.create({ model: to.model, input: user(content) });
    return { text: made.output_text };
  }

  async reasoning(to) {
    const made = await this.responses.create({
      model: to.thinker, input: to.question, reasoning: { effort: "low", summary: "auto" },
    });
    const thoughts = made.output.filter((item) => item.type === "reasoning").flatMap((item) => item.summary);
    return { text: made.output_text, reasoning: thoughts.map((part) => part.text).join("") };
  }

  async reasoning_stream(to) {
    const thoughts = [], words = [];
    for await (const event of await this.responses.create({
      model: to.thinker, input: to.question, reasoning: { effort: "low", summary: "auto" }, stream: true,
    })) {
      if (event.type === "response.reasoning_summary_text.delta") thoughts.push(event.delta);
      if (event.type === "response.output_text.delta") words.push(event.delta);
    }
    const { text: reasoning, pieces } = counted(thoughts);
    return { text: words.join(""), reasoning, pieces };
  }

  async leave(to) {
    for await (const event of await this.responses.create({ model: to.model, input: to.question, stream: true }))
      if (event.type === "response.output_text.delta") return { text: event.delta };
  }

  async logprobs(to) {
    const made = await this.responses.create({
      model: to.model, input: to.question, max_output_tokens: 32, temperature: 0,
      include: ["message.output_text.logprobs"], top_logprobs: 2,
    });
    const tokens = made.output.filter((item) => item.type === "message")
      .flatMap((item) => item.content).flatMap((part) => part.logprobs ?? []);
    return {
      text: made.output_text,
      logprobs: tokens.filter((token) => token.logprob <= 0).map((token) => token.token),
      alternatives: tokens[0]?.top_logprobs?.length ?? 0,
    };
  }
}

const counts = (usage) => [usage.input_tokens, usage.output_tokens];
