package dev.loupe.app;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.tokens.EncodeOptions;
import dev.loupe.tokens.Encoding;
import dev.loupe.tokens.Tokenizer;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** {@code loupe tokenize}: text to ids. */
@Command(
        name = "tokenize",
        description = "Shows the tokens of a text.",
        footer = {"", "Start and end count UTF-16 units, as Java and JavaScript do."})
final class Tokenize implements Runnable {
    @Mixin private ModelChoice model = new ModelChoice();

    @Parameters(
            arity = "0..1",
            paramLabel = "TEXT",
            description = "The text; - reads it from stdin.")
    private @Nullable String text;

    @Option(
            names = {"-f", "--file"},
            paramLabel = "FILE",
            description = "Read the text from a file.")
    private @Nullable Path file;

    @Option(
            names = "--parse-special",
            description = "Names of control tokens in the text, such as <|im_start|>, become them.")
    private boolean parseSpecial;

    @Option(names = "--add-special", description = "Add BOS and EOS as the model wants them.")
    private boolean addSpecial;

    @Option(
            names = "--jsonl",
            description = "Read one {\"text\": TEXT} a line from stdin; print {\"ids\"} a line.")
    private boolean jsonl;

    @Option(names = "--json", description = "One JSON object.")
    private boolean json;

    @Override
    public void run() {
        if (!jsonl && text == null && file == null) {
            throw new WrongUsage("which text? give it as an argument, with -f, or - for stdin");
        }
        Tokenizer tokenizer = model.openTokenizer();
        EncodeOptions options = new EncodeOptions(parseSpecial, addSpecial);
        if (jsonl) {
            lines(tokenizer, options);
            return;
        }
        String input =
                file != null
                        ? PromptOptions.read(file)
                        : text == null || text.equals("-") ? PromptOptions.stdin() : text;
        Encoding encoding = tokenizer.encode(input, options);
        if (json) {
            Json.print(asJson(tokenizer, encoding));
        } else {
            for (int i = 0; i < encoding.ids().length; i++) {
                int id = encoding.ids()[i];
                System.out.printf("%7d  %s%n", id, Quoted.text(tokenizer.text(id)));
            }
        }
    }

    private static ObjectNode asJson(Tokenizer tokenizer, Encoding encoding) {
        ObjectNode node = Json.object();
        node.set("ids", Json.of(encoding.ids()));
        ArrayNode tokens = node.putArray("tokens");
        for (int i = 0; i < encoding.ids().length; i++) {
            tokens.addObject()
                    .put("id", encoding.ids()[i])
                    .put("text", tokenizer.text(encoding.ids()[i]))
                    .put("start", encoding.starts()[i])
                    .put("end", encoding.ends()[i]);
        }
        return node;
    }

    private static void lines(Tokenizer tokenizer, EncodeOptions options) {
        try (BufferedReader in =
                new BufferedReader(
                        new InputStreamReader(System.in, StandardCharsets.UTF_8.newDecoder()))) {
            int number = 0;
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                number++;
                if (line.isBlank()) {
                    continue;
                }
                JsonNode given = Json.line(line, number).path("text");
                if (!given.isTextual()) {
                    throw new UserException(
                            "line " + number + ": found no text, expected {\"text\": TEXT}");
                }
                ObjectNode out = Json.object();
                out.set("ids", Json.of(tokenizer.encode(given.textValue(), options).ids()));
                System.out.println(out);
            }
        } catch (CharacterCodingException e) {
            throw new UserException("stdin is not UTF-8 text", e);
        } catch (IOException e) {
            throw new UserException("stdin cannot be read: " + e.getMessage(), e);
        }
    }
}
