package dev.loupe.app;

import dev.loupe.files.LocalModel;
import dev.loupe.inside.Attribution;
import dev.loupe.inside.Attribution.Kind;
import dev.loupe.inside.Attribution.Part;
import dev.loupe.inside.Capture;
import dev.loupe.inside.Explanation;
import dev.loupe.inside.Explanation.Head;
import dev.loupe.inside.Hooks;
import dev.loupe.inside.LogitLens.Guess;
import dev.loupe.inside.LogitLens.Reading;
import dev.loupe.inside.NamedArray;
import dev.loupe.inside.Reader;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * An explanation as one page of HTML that needs nothing else: no script, no font, no picture from
 * elsewhere, and a policy in its head that allows none.
 */
final class ExplainPage {
    /** Columns of the lens; of longer prompts the last ones are shown. */
    static final int COLUMNS = 48;

    /** Rows and columns of a pattern that is drawn. */
    private static final int SQUARE = 64;

    private final TokenNames names;
    private final Html page = new Html();

    ExplainPage(TokenNames names) {
        this.names = names;
    }

    /**
     * Writes the page, whole or not at all.
     *
     * @throws UserException if it cannot be written
     */
    static void write(Path file, LocalModel loaded, Explanation explanation) {
        Map<Integer, NamedArray> patterns = patterns(loaded, explanation);
        String model = String.valueOf(loaded.path().getFileName());
        String page = new ExplainPage(new TokenNames(loaded)).of(model, explanation, patterns);
        Path absolute = file.toAbsolutePath();
        Path part = absolute.resolveSibling("." + UUID.randomUUID() + ".part");
        try {
            Files.writeString(part, page);
            Files.move(part, absolute, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            delete(part);
            throw new UserException(file + " cannot be written: " + e, e);
        }
    }

    private static void delete(Path part) {
        try {
            Files.deleteIfExists(part);
        } catch (IOException e) {
            // the error that is reported says more
            return;
        }
    }

    /** The whole patterns of the heads that are named, if the prompt is short enough to draw. */
    private static Map<Integer, NamedArray> patterns(LocalModel loaded, Explanation explanation) {
        int[] ids = explanation.ids();
        if (ids.length > SQUARE) {
            return Map.of();
        }
        List<String> hooks =
                explanation.heads().stream()
                        .map(head -> "blocks." + head.part().layer() + ".attn.hook_pattern")
                        .distinct()
                        .toList();
        Capture capture =
                new Capture(
                        loaded.gpt(),
                        Hooks.of(loaded.gpt()).matching(hooks),
                        ids.length,
                        CaptureOptions.room());
        new Reader(loaded.gpt(), loaded.processor(), capture).read(ids);
        Map<Integer, NamedArray> patterns = new HashMap<>();
        capture.hooks().forEach(hook -> patterns.put(hook.layer(), capture.get(hook)));
        return patterns;
    }

    /**
     * The page.
     *
     * @param model its name
     * @param patterns by block, those of the heads that the explanation names; may lack some
     */
    String of(String model, Explanation explanation, Map<Integer, NamedArray> patterns) {
        String last = names.quoted(explanation.ids()[explanation.ids().length - 1]);
        page.raw(PageStyle.HEAD);
        page.raw("<header>").element("h1", "", "What happens behind " + last);
        page.element(
                "p",
                "class=\"about\"",
                model
                        + ", "
                        + explanation.ids().length
                        + " tokens. Every number on this page is the model's own, computed by"
                        + " Loupe.");
        tokens(explanation.ids());
        page.raw("</header>\n<main>\n");
        distribution(explanation.output());
        lens(explanation);
        heads(explanation, patterns);
        attribution(explanation);
        page.raw("</main>\n</body>\n</html>\n");
        return page.toString();
    }

    private void section(String title, String about) {
        page.raw("<section>\n").element("h2", "", title).element("p", "class=\"about\"", about);
    }

    private void tokens(int[] ids) {
        page.raw("<p class=\"tokens\">\n");
        for (int i = 0; i < ids.length; i++) {
            page.raw("<span class=\"chip c" + i % 5 + "\" title=\"token " + ids[i] + ", position ")
                    .raw(i + "\">")
                    .text(names.quoted(ids[i]))
                    .raw("<small>" + ids[i] + "</small></span>\n");
        }
        page.raw("</p>\n");
    }

    private void distribution(Reading output) {
        section(
                "What comes next",
                "The probability of each token, after the softmax over all of the vocabulary."
                        + " Entropy: "
                        + Html.number("%.3f", output.entropy())
                        + " bits.");
        page.raw("<table class=\"bars\">\n");
        for (Guess guess : output.top()) {
            bar(
                    names.quoted(guess.id()),
                    Html.number("%.2f %%", 100 * guess.probability()),
                    guess.probability(),
                    "up",
                    "logit " + Html.number("%.4f", guess.logit()));
        }
        page.raw("</table>\n</section>\n");
    }

    private void bar(String name, String value, double share, String kind, String title) {
        page.raw("<tr title=\"" + Html.escaped(title) + "\"><th>")
                .text(name)
                .raw("</th><td class=\"n\">")
                .text(value)
                .raw("</td><td class=\"b\"><svg viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\"")
                .raw(" aria-hidden=\"true\"><rect class=\"" + kind + "\" width=\"")
                .raw(Html.number("%.2f", 100 * Math.clamp(share, 0, 1)))
                .raw("\" height=\"8\"/></svg></td></tr>\n");
    }

    private static String stage(int blocks) {
        return blocks == 0 ? "embed" : "L" + (blocks - 1);
    }

    private void lens(Explanation explanation) {
        List<List<Reading>> stages = explanation.lens().stages();
        int columns = stages.getFirst().size();
        int from = Math.max(0, columns - COLUMNS);
        boolean some = explanation.firstOfLens() + from > 0;
        section(
                "What the residual stream says after each block",
                "The vector under each token through the last norm and the unembedding (the logit"
                        + " lens): its best guess at the next token. The stronger the colour, the"
                        + " surer; point at a cell for more."
                        + (some ? " The last " + COLUMNS + " tokens are shown." : ""));
        page.raw("<div class=\"wide\"><table class=\"lens\">\n<tr><td></td>");
        for (int i = from; i < columns; i++) {
            page.element("th", "", names.quoted(explanation.ids()[explanation.firstOfLens() + i]));
        }
        page.raw("</tr>\n");
        for (int stage = stages.size() - 1; stage >= 0; stage--) {
            page.raw("<tr>").element("th", "", stage(stage));
            for (Reading reading : stages.get(stage).subList(from, columns)) {
                cell(reading);
            }
            page.raw("</tr>\n");
        }
        page.raw("</table></div>\n</section>\n");
    }

    private void cell(Reading reading) {
        StringBuilder title = new StringBuilder();
        for (Guess guess : reading.top().subList(0, Math.min(5, reading.top().size()))) {
            title.append(names.quoted(guess.id()))
                    .append(Html.number(" %.2f %%\n", 100 * guess.probability()));
        }
        title.append(Html.number("entropy %.2f bits", reading.entropy()));
        int shade = (int) Math.min(9, reading.best().probability() * 10);
        page.element(
                "td",
                "class=\"s" + shade + "\" title=\"" + Html.escaped(title.toString()) + "\"",
                names.quoted(reading.best().id()));
    }

    private String target(Attribution attribution) {
        String token = names.quoted(attribution.target().id());
        return attribution.target().against().isPresent()
                ? token + " minus " + names.quoted(attribution.target().against().getAsInt())
                : token;
    }

    private void heads(Explanation explanation, Map<Integer, NamedArray> patterns) {
        section(
                "Heads that wrote most to the logit of " + target(explanation.attribution()),
                "Each square is a pattern: a row for each token that looks, a column for each that"
                    + " is looked at. Below it, where the last token looked, by how much it took.");
        page.raw("<div class=\"heads\">\n");
        for (Head head : explanation.heads()) {
            double value = head.part().value();
            page.raw("<figure>");
            NamedArray pattern = patterns.get(head.part().layer());
            if (pattern != null && pattern.shape()[1] <= SQUARE) {
                square(pattern, head.part().head(), explanation.ids());
            }
            page.raw("<figcaption><b>" + head.part().name() + "</b> <span class=\"")
                    .raw(value < 0 ? "minus" : "plus")
                    .raw("\">" + Html.number("%+.3f", value) + "</span><br>");
            for (Explanation.Look look :
                    head.looks().subList(0, Math.min(3, head.looks().size()))) {
                page.text(names.quoted(explanation.ids()[look.position()]))
                        .raw(Html.number(" %.2f<br>", look.weight()));
            }
            page.raw("</figcaption></figure>\n");
        }
        page.raw("</div>\n</section>\n");
    }

    private void square(NamedArray pattern, int head, int[] ids) {
        int n = pattern.shape()[1];
        page.raw(
                "<svg class=\"pattern\" viewBox=\"0 0 "
                        + n
                        + " "
                        + n
                        + "\" shape-rendering=\"crispEdges\">");
        for (int query = 0; query < n; query++) {
            for (int key = 0; key <= query; key++) {
                double weight = pattern.at(head, query, key);
                page.raw("<rect x=\"" + key + "\" y=\"" + query + "\" width=\"1\" height=\"1\"")
                        .raw(Html.number(" fill-opacity=\"%.3f\"", weight))
                        .raw("><title>")
                        .text(names.quoted(ids[query]) + " looks at " + names.quoted(ids[key]))
                        .raw(Html.number(": %.4f", weight) + "</title></rect>");
            }
        }
        page.raw("</svg>");
    }

    private void attribution(Explanation explanation) {
        Attribution attribution = explanation.attribution();
        section(
                "Where the logit of " + target(attribution) + " comes from",
                "What each part wrote directly; all parts sum to "
                        + Html.number("%.4f", attribution.sum())
                        + ", and the logit is "
                        + Html.number("%.4f.", attribution.logit()));
        double largest = 1e-9;
        for (Kind kind : Kind.values()) {
            largest = Math.max(largest, Math.abs(explanation.share(kind)));
        }
        page.raw("<table class=\"bars\">\n");
        for (Kind kind : Kind.values()) {
            if (kind != Kind.POSITION || explanation.share(kind) != 0) {
                share(title(kind), explanation.share(kind), largest);
            }
        }
        page.raw("</table>\n").element("h3", "", "The largest parts");
        page.raw("<table class=\"bars\">\n");
        List<Part> parts = attribution.largest(Math.max(12, explanation.heads().size()));
        for (Part part : parts) {
            share(part.name(), part.value(), Math.abs(parts.getFirst().value()));
        }
        page.raw("</table>\n</section>\n");
    }

    private void share(String name, double value, double largest) {
        bar(
                name,
                Html.number("%+.4f", value),
                largest == 0 ? 0 : Math.abs(value) / largest,
                value < 0 ? "down" : "up",
                name);
    }

    private static String title(Kind kind) {
        return switch (kind) {
            case TOKEN -> "token";
            case POSITION -> "position";
            case HEAD -> "all heads";
            case MLP -> "all MLPs";
            case BIAS -> "biases";
        };
    }
}
