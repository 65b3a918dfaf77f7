package dev.loupe.train;

import com.fasterxml.jackson.databind.JsonNode;

import dev.loupe.tokens.ChatFormat;
import dev.loupe.tokens.ChatFormat.Message;
import dev.loupe.tokens.ChatFormat.Role;
import dev.loupe.tokens.Dialogue;
import dev.loupe.tokens.Tokenizer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Examples in JSONL, one a line: {@code {"prompt": TEXT, "completion": TEXT}}, or a conversation,
 * {@code {"messages": [{"role": "user", "content": TEXT}, ...]}}.
 */
final class ExampleFiles {
    private static final String EXPECTED =
            "expected {\"prompt\": TEXT, \"completion\": TEXT} or {\"messages\": [{\"role\":"
                    + " ROLE, \"content\": TEXT}, ...]}";

    private final Tokenizer tokenizer;
    private final ChatFormat format;
    private final int context;
    private final boolean skipBad;
    private final List<Example> examples = new ArrayList<>();
    private long skipped;

    /**
     * @param context how many tokens an example has at most
     */
    ExampleFiles(Tokenizer tokenizer, int context, boolean skipBad) {
        this.tokenizer = tokenizer;
        this.context = context;
        this.skipBad = skipBad;
        format = ChatFormat.of(tokenizer);
    }

    /**
     * Whether files have examples; otherwise they have text.
     *
     * @throws DataException if some have the one and some the other
     */
    static boolean are(Corpus corpus) {
        Boolean all = null;
        for (Path file : corpus.files()) {
            boolean examples = Corpus.hasLines(file) && !first(file).has("text");
            if (all != null && all != examples) {
                throw new DataException(
                        file,
                        "has %s, and %s has %s; fine-tune on one kind"
                                .formatted(
                                        examples ? "examples" : "text",
                                        corpus.files().getFirst(),
                                        examples ? "text" : "examples"));
            }
            all = examples;
        }
        return all != null && all;
    }

    private static JsonNode first(Path file) {
        try {
            return JsonLines.first(file);
        } catch (IOException e) {
            throw new DataException(file, "cannot be read: " + e.getMessage());
        }
    }

    /** Reads all files; what is bad ends the reading, or is counted. */
    List<Example> read(Corpus corpus, Course.Watcher watcher) {
        long total = corpus.bytes();
        for (Path file : corpus.files()) {
            try {
                skipped +=
                        new JsonLines(file, skipBad)
                                .read(this::take, bytes -> watcher.at("examples", bytes, total));
            } catch (IOException e) {
                throw new DataException(file, "cannot be read: " + e.getMessage());
            }
        }
        return examples;
    }

    /** How many lines were passed over. */
    long skipped() {
        return skipped;
    }

    private void take(JsonNode line) throws JsonLines.Bad {
        Example example = Example.of(dialogue(line));
        if (example == null) {
            throw new JsonLines.Bad("has no token of an answer to learn from");
        }
        if (example.rows() > context) {
            throw new JsonLines.Bad(
                    "has %d tokens, and the context is %d; take a larger --context, or shorten it"
                            .formatted(example.rows(), context));
        }
        examples.add(example);
    }

    private Dialogue dialogue(JsonNode line) throws JsonLines.Bad {
        if (line.path("messages").isArray()) {
            return format.encode(tokenizer, messages(line.path("messages")));
        }
        JsonNode prompt = line.path("prompt");
        JsonNode completion = line.path("completion");
        if (!prompt.isTextual() || !completion.isTextual()) {
            throw new JsonLines.Bad("is no example, " + EXPECTED);
        }
        if (completion.textValue().isEmpty()) {
            throw new JsonLines.Bad("has an empty completion, so there is no answer to learn from");
        }
        return Dialogue.of(tokenizer, prompt.textValue(), completion.textValue());
    }

    private static List<Message> messages(JsonNode list) throws JsonLines.Bad {
        List<Message> messages = new ArrayList<>();
        boolean answered = false;
        for (JsonNode message : list) {
            Role role = role(message.path("role"));
            JsonNode content = message.path("content");
            if (!content.isTextual()) {
                throw new JsonLines.Bad("has a message without a text as its content");
            }
            if (role == Role.SYSTEM && !messages.isEmpty()) {
                throw new JsonLines.Bad("has a system message that is not the first");
            }
            answered |= role == Role.ASSISTANT && !content.textValue().isBlank();
            messages.add(new Message(role, content.textValue()));
        }
        if (!answered) {
            throw new JsonLines.Bad(
                    "has no assistant's message, so there is no answer to learn from");
        }
        return messages;
    }

    private static Role role(JsonNode name) throws JsonLines.Bad {
        return Arrays.stream(Role.values())
                .filter(role -> role.label().equals(name.textValue()))
                .findFirst()
                .orElseThrow(() ->
                        new JsonLines.Bad(
                                "has the role "
                                        + (name.isMissingNode() ? "nothing" : name)
                                        + ", expected system, user or assistant"));
    }
}
