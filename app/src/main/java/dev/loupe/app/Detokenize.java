package dev.loupe.app;

import dev.loupe.tokens.Tokenizer;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code loupe detokenize}: ids to text. */
@Command(name = "detokenize", description = "Shows the text of some token ids.")
final class Detokenize implements Runnable {
    @Mixin private ModelChoice model = new ModelChoice();

    @Parameters(
            arity = "0..1",
            paramLabel = "ID,...",
            description = "Ids between commas or spaces; - reads them from stdin.")
    private @Nullable String ids;

    @Option(
            names = "--jsonl",
            description = "Read one {\"ids\": [...]} a line from stdin; print {\"text\"} a line.")
    private boolean jsonl;

    @Option(names = "--json", description = "One JSON object.")
    private boolean json;

    @Override
    public void run() {
        if (!jsonl && ids == null) {
            throw new WrongUsage("which ids? give them as an argument, or - for stdin");
        }
        Tokenizer tokenizer = model.openTokenizer();
        if (jsonl) {
            int number = 0;
            for (String line : PromptOptions.stdin().lines().toList()) {
                number++;
                if (!line.isBlank()) {
                    int[] given = Json.ids(Json.line(line, number).path("ids"), number);
                    Json.print(Json.object().put("text", decode(tokenizer, given)));
                }
            }
            return;
        }
        String list = ids == null || ids.equals("-") ? PromptOptions.stdin() : ids;
        String text = decode(tokenizer, PromptOptions.parse("ids", list));
        if (json) {
            Json.print(Json.object().put("text", text));
        } else {
            System.out.println(text);
        }
    }

    private static String decode(Tokenizer tokenizer, int[] ids) {
        try {
            return tokenizer.decode(ids);
        } catch (IllegalArgumentException e) {
            throw new UserException(String.valueOf(e.getMessage()), e);
        }
    }
}
