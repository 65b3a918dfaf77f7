package dev.loupe.explorer;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.files.LocalModel;
import dev.loupe.files.ModelSummary;
import dev.loupe.inside.Hook;
import dev.loupe.inside.Hooks;
import dev.loupe.model.Gpt;
import dev.loupe.model.GptConfig;
import dev.loupe.tokens.EncodeOptions;
import dev.loupe.tokens.Encoding;
import dev.loupe.tokens.Tokenizer;

import org.jspecify.annotations.Nullable;

import java.util.Map;

/** Which models there are, and how they read and write text. */
final class TextCalls {
    /** Letters of a text: some for each of the tokens. */
    private static final int LETTERS = 1 << 16;

    private TextCalls() {}

    /** The calls by their names. */
    static Map<String, Call> all() {
        return Map.of(
                "models",
                TextCalls::models,
                "model",
                TextCalls::model,
                "tokenize",
                TextCalls::tokenize,
                "detokenize",
                TextCalls::detokenize,
                "vocabulary",
                TextCalls::vocabulary);
    }

    private static Answer models(Question question) {
        Models models = question.models();
        ObjectNode root = Answer.MAPPER.createObjectNode();
        ArrayNode list = root.putArray("models");
        String given = models.first();
        for (Models.Entry entry : models.entries()) {
            ObjectNode node =
                    list.addObject()
                            .put("key", entry.key())
                            .put("name", entry.key())
                            .put("path", entry.path().toString())
                            .put("loaded", models.loaded(entry.key()));
            entry.bytes().ifPresent(bytes -> node.put("bytes", bytes));
            if (entry.checkpoint() == null) {
                given = entry.key();
            } else {
                node.put("step", entry.checkpoint().step());
            }
            if (entry.run().isPresent()) {
                node.put("run", given);
            }
        }
        return Answer.json(root.put("default", models.first()));
    }

    private static Answer model(Question question) {
        LocalModel model = question.load().model();
        Gpt gpt = model.gpt();
        GptConfig config = gpt.config();
        ModelSummary summary = ModelSummary.of(model.path());
        ObjectNode root = Answer.MAPPER.createObjectNode();
        root.putObject("config")
                .put("family", config.family())
                .put("n_ctx", config.nCtx())
                .put("vocab_size", config.vocabSize())
                .put("n_embd", config.nEmbd())
                .put("n_layer", config.nLayer())
                .put("n_head", config.attention().nHead())
                .put("n_kv_head", config.attention().nKvHead())
                .put("head_dim", config.attention().headDim())
                .put("n_inner", config.mlp().nInner());
        root.putObject("form")
                .put("norm", config.norm().kind().name())
                .put("positions", gpt.wpe() == null ? "rotary" : "learned")
                .put("parallel", config.parallel())
                .put("gated", config.mlp().gated())
                .put("activation", config.mlp().activation().name())
                .put("qk_norm", config.attention().qkNorm())
                .put("norm_after", config.norm().after())
                .put("tied", config.embedding().tied());
        root.put("total", summary.total());
        root.set("types", Answer.MAPPER.valueToTree(summary.types()));
        ArrayNode hooks = root.putArray("hooks");
        int tokens = Math.min(Question.TOKENS, config.nCtx());
        for (Hook hook : Hooks.of(gpt).all()) {
            hooks.addObject()
                    .put("name", hook.name())
                    .set("shape", Answer.MAPPER.valueToTree(hook.axes(config)));
        }
        return Answer.json(root.put("most_tokens", tokens));
    }

    private static Answer tokenize(Question question) {
        Tokenizer tokenizer = question.tokenizer();
        String text = question.text("text", LETTERS);
        Encoding encoding = tokenizer.encode(text, EncodeOptions.PROMPT);
        ObjectNode root = Answer.MAPPER.createObjectNode();
        root.set("ids", Answer.MAPPER.valueToTree(encoding.ids()));
        ArrayNode tokens = root.putArray("tokens");
        for (int i = 0; i < encoding.ids().length; i++) {
            int id = encoding.ids()[i];
            tokens.addObject()
                    .put("id", id)
                    .put("text", tokenizer.text(id))
                    .put("start", encoding.starts()[i])
                    .put("end", encoding.ends()[i]);
        }
        return Answer.json(root);
    }

    private static Answer detokenize(Question question) {
        Tokenizer tokenizer = question.tokenizer();
        int[] ids = question.ids();
        ObjectNode root = Answer.MAPPER.createObjectNode().put("text", tokenizer.decode(ids));
        ArrayNode tokens = root.putArray("tokens");
        for (int id : ids) {
            tokens.addObject().put("id", id).put("text", tokenizer.text(id));
        }
        return Answer.json(root);
    }

    private static Answer vocabulary(Question question) {
        int n = question.open().model().gpt().config().vocabSize();
        @Nullable Tokenizer tokenizer = question.open().model().tokenizer().orElse(null);
        ArrayNode tokens = Answer.MAPPER.createArrayNode();
        for (int id = 0; id < n; id++) {
            tokens.add(
                    tokenizer == null || id >= tokenizer.vocabSize()
                            ? "#" + id
                            : tokenizer.text(id));
        }
        ObjectNode root = Answer.MAPPER.createObjectNode();
        root.set("tokens", tokens);
        return Answer.json(root);
    }
}
