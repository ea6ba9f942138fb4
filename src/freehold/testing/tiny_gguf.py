"""A real GGUF with random weights, small enough to be made and loaded in milliseconds.

It speaks nonsense, but everything around it is genuine: the file format, the tokenizer, the chat template, llama.cpp. Use
it where a test needs a local model and not its wisdom. Needs the `gguf` package. Not for structured output: llama.cpp's
grammars do not take so small a vocabulary.
"""

from __future__ import annotations

from pathlib import Path
from string import ascii_lowercase
from typing import Any

from freehold.ground.errors import NotAvailable

_WIDTH, _HEADS, _LAYERS, _HIDDEN = 32, 4, 1, 64
_SPECIAL = ("<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>")
_WORDS = ("▁the", "▁a", "▁tiny", "▁model", "▁speaks", "▁nonsense", "▁and", "▁house", ".", "▁")
_MARKS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_MEAN = 1
_NORMAL, _UNKNOWN, _CONTROL, _BYTE = 1, 2, 3, 6

CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def write_tiny_gguf(
    path: Path, *, context: int = 512, seed: int = 7, chat_template: str | None = CHAT_TEMPLATE
) -> Path:
    """Write a random one-layer Llama of about 20 thousand parameters to `path`, and return it.

    The same seed gives the same file. Raises NotAvailable where the `gguf` package is missing.
    """
    writer = _writer(path, "llama")
    _describe(writer, context)
    writer.add_head_count_kv(_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(_WIDTH // _HEADS)
    _add_vocabulary(writer, chat_template)
    _add_weights(writer, seed)
    return _written(writer, path)


def write_tiny_encoder(path: Path, *, context: int = 128, seed: int = 7) -> Path:
    """Write a random one-layer BERT to `path`, and return it: a GGUF that embeds, in 32 dimensions.

    It knows lower-case letters. Raises NotAvailable where the `gguf` package is missing.
    """
    writer = _writer(path, "bert")
    _describe(writer, context)
    writer.add_layer_norm_eps(1e-12)
    writer.add_causal_attention(False)
    writer.add_uint32("bert.pooling_type", _MEAN)
    words = _add_letters(writer)
    _add_encoder_weights(writer, words, context, seed)
    return _written(writer, path)


def _writer(path: Path, architecture: str) -> Any:
    try:
        import gguf
    except ImportError as error:
        raise NotAvailable("The gguf package is missing.", advice="pip install gguf") from error
    return gguf.GGUFWriter(path, architecture)


def _written(writer: Any, path: Path) -> Path:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _describe(writer: Any, context: int) -> None:
    writer.add_name("tiny")
    writer.add_context_length(context)
    writer.add_embedding_length(_WIDTH)
    writer.add_block_count(_LAYERS)
    writer.add_feed_forward_length(_HIDDEN)
    writer.add_head_count(_HEADS)
    writer.add_file_type(0)


def _vocabulary() -> list[tuple[str, int]]:
    special = [(text, _UNKNOWN if text == "<unk>" else _CONTROL) for text in _SPECIAL]
    return [
        *special,
        *((f"<0x{byte:02X}>", _BYTE) for byte in range(256)),
        *((text, _NORMAL) for text in _WORDS),
    ]


def _add_vocabulary(writer: Any, chat_template: str | None) -> None:
    vocabulary = _vocabulary()
    writer.add_tokenizer_model("llama")
    writer.add_token_list([text for text, _ in vocabulary])
    writer.add_token_scores([-float(place) for place in range(len(vocabulary))])
    writer.add_token_types([kind for _, kind in vocabulary])
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_vocab_size(len(vocabulary))
    if chat_template is not None:
        writer.add_chat_template(chat_template)


def _add_weights(writer: Any, seed: int) -> None:
    import numpy

    random = numpy.random.default_rng(seed)
    words = len(_vocabulary())

    def add(name: str, *shape: int) -> None:
        writer.add_tensor(name, random.standard_normal(shape, dtype=numpy.float32) * 0.3)

    def add_head() -> None:
        weights = random.standard_normal((words, _WIDTH), dtype=numpy.float32)
        weights[: words - len(_WORDS)] = 0.0  # so that it speaks in words, and never ends by itself
        writer.add_tensor("output.weight", weights)

    def add_ones(name: str) -> None:
        writer.add_tensor(name, numpy.ones(_WIDTH, dtype=numpy.float32))

    add("token_embd.weight", words, _WIDTH)
    add_head()
    add_ones("output_norm.weight")
    for layer in range(_LAYERS):
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            add(f"blk.{layer}.{part}.weight", _WIDTH, _WIDTH)
        for part in ("ffn_gate", "ffn_up"):
            add(f"blk.{layer}.{part}.weight", _HIDDEN, _WIDTH)
        add(f"blk.{layer}.ffn_down.weight", _WIDTH, _HIDDEN)
        add_ones(f"blk.{layer}.attn_norm.weight")
        add_ones(f"blk.{layer}.ffn_norm.weight")


def _add_letters(writer: Any) -> int:
    """A word-piece vocabulary of letters, at the start of a word and within; how many there are."""
    letters = [*(f"▁{letter}" for letter in ascii_lowercase), *ascii_lowercase]
    writer.add_tokenizer_model("bert")
    writer.add_token_list([*_MARKS, *letters])
    writer.add_token_types([*(_CONTROL for _ in _MARKS), *(_NORMAL for _ in letters)])
    writer.add_token_type_count(2)
    writer.add_pad_token_id(0)
    writer.add_unk_token_id(1)
    writer.add_bos_token_id(2)
    writer.add_eos_token_id(3)
    writer.add_sep_token_id(3)
    writer.add_mask_token_id(4)
    return len(_MARKS) + len(letters)


def _add_encoder_weights(writer: Any, words: int, context: int, seed: int) -> None:
    import numpy

    random = numpy.random.default_rng(seed)

    def add(name: str, *shape: int) -> None:
        writer.add_tensor(f"{name}.weight", random.standard_normal(shape, dtype=numpy.float32) * 0.3)
        if name.startswith("blk."):
            writer.add_tensor(f"{name}.bias", numpy.zeros(shape[0], dtype=numpy.float32))

    def add_norm(name: str) -> None:
        writer.add_tensor(f"{name}.weight", numpy.ones(_WIDTH, dtype=numpy.float32))
        writer.add_tensor(f"{name}.bias", numpy.zeros(_WIDTH, dtype=numpy.float32))

    add("token_embd", words, _WIDTH)
    add("position_embd", context, _WIDTH)
    add("token_types", 2, _WIDTH)
    add_norm("token_embd_norm")
    for layer in range(_LAYERS):
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            add(f"blk.{layer}.{part}", _WIDTH, _WIDTH)
        add(f"blk.{layer}.ffn_up", _HIDDEN, _WIDTH)
        add(f"blk.{layer}.ffn_down", _WIDTH, _HIDDEN)
        add_norm(f"blk.{layer}.attn_output_norm")
        add_norm(f"blk.{layer}.layer_output_norm")
