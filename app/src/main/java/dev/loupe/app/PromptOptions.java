package dev.loupe.app;

import dev.loupe.files.LocalModel;
import dev.loupe.tokens.EncodeOptions;
import dev.loupe.tokens.Tokenizer;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;

/** What the model reads first: a text, a file, stdin, or ids. */
final class PromptOptions implements OptionList.Shared {
    /** Far more than any context holds. */
    private static final int MOST_BYTES = 256 << 20;

    @Parameters(
            arity = "0..1",
            paramLabel = "PROMPT",
            description = "The text to go on from; - reads it from stdin.")
    private @Nullable String text;

    @Option(
            names = {"-f", "--file"},
            paramLabel = "FILE",
            description = "Read the text from a file.")
    private @Nullable Path file;

    @Option(
            names = "--ids",
            paramLabel = "ID,...",
            description = "Token ids instead of a text; nothing is added to them.")
    private @Nullable String ids;

    @Option(
            names = "--parse-special",
            description = "Names of control tokens in the text, such as <|im_start|>, become them.")
    private boolean parseSpecial;

    @Override
    public String heading() {
        return "Prompt";
    }

    /** Whether any source was named. */
    boolean given() {
        return Stream.of(text, file, ids).anyMatch(source -> source != null);
    }

    boolean parseSpecial() {
        return parseSpecial;
    }

    /**
     * Refuses more than one source, and ids that are none, before a model is loaded in vain.
     *
     * @throws WrongUsage if the options make no sense
     */
    void check() {
        if (Stream.of(text, file, ids).filter(source -> source != null).count() > 1) {
            throw new WrongUsage("a prompt comes from one place: the argument, -f or --ids");
        }
        if (ids != null) {
            parse("--ids", ids);
        }
    }

    /** The text, or null where ids were given. Stdin can be read once. */
    @Nullable String text() {
        if (ids != null) {
            return null;
        }
        if (file != null) {
            return read(file);
        }
        return text == null || !text.equals("-") ? text : stdin();
    }

    static String read(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return text(in, file.toString());
        } catch (NoSuchFileException e) {
            throw new UserException(file + " cannot be read: there is no such file", e);
        } catch (IOException e) {
            throw new UserException(file + " cannot be read: " + e.getMessage(), e);
        }
    }

    static String stdin() {
        try {
            return text(System.in, "stdin");
        } catch (IOException e) {
            throw new UserException("stdin cannot be read: " + e.getMessage(), e);
        }
    }

    private static String text(InputStream in, String source) throws IOException {
        byte[] bytes = in.readNBytes(MOST_BYTES + 1);
        if (bytes.length > MOST_BYTES) {
            throw new UserException(source + ": found more than " + MOST_BYTES + " bytes of text");
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            throw new UserException(source + " is not UTF-8 text", e);
        }
    }

    /** The ids of the prompt; BOS stands in front where the model wants it. */
    int[] ids(LocalModel model) {
        if (ids != null) {
            return checked(model, parse("--ids", ids));
        }
        String prompt = text();
        return ids(model, prompt == null ? "" : prompt, parseSpecial);
    }

    /** The ids of a text; an empty one is BOS, if the model has it. */
    static int[] ids(LocalModel model, String text, boolean parseSpecial) {
        Tokenizer tokenizer = ModelOptions.tokenizer(model);
        int[] found = tokenizer.encode(text, new EncodeOptions(parseSpecial, true)).ids();
        if (found.length > 0) {
            return found;
        }
        if (tokenizer.bos().isPresent()) {
            return new int[] {tokenizer.bos().getAsInt()};
        }
        throw new UserException(
                "the prompt is empty, and this model has no BOS token to begin with");
    }

    static int[] checked(LocalModel model, int[] ids) {
        int vocabSize = model.gpt().config().vocabSize();
        for (int id : ids) {
            if (id < 0 || id >= vocabSize) {
                throw new UserException(
                        "token id: found %d, expected 0 to %d".formatted(id, vocabSize - 1));
            }
        }
        return ids;
    }

    /**
     * Numbers between commas or spaces.
     *
     * @param source of the list, for errors
     */
    static int[] parse(String source, String list) {
        int[] ids =
                Arrays.stream(list.trim().split("[,\\s]+"))
                        .filter(number -> !number.isEmpty())
                        .mapToInt(number -> parseId(source, number))
                        .toArray();
        if (ids.length == 0) {
            throw new WrongUsage(source + ": found none, expected numbers such as 1,2,3");
        }
        return ids;
    }

    private static int parseId(String source, String number) {
        try {
            return Integer.parseInt(number);
        } catch (NumberFormatException e) {
            throw new WrongUsage(
                    source + ": found '" + number + "', expected numbers such as 1,2,3");
        }
    }
}
