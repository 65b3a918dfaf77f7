package dev.loupe.app;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.files.LocalModel;
import dev.loupe.inside.Embeddings;
import dev.loupe.inside.Embeddings.Neighbour;
import dev.loupe.inside.PrincipalComponents;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Option;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** What the vectors of tokens mean: part of {@code loupe explain}. */
final class EmbeddingOptions implements OptionList.Shared {
    @Option(
            names = "--embedding",
            paramLabel = "SUM",
            description =
                    "Name the tokens nearest to a word, or to a sum such as \"woman - man + king\";"
                            + " tokens of the sum itself are left out.")
    private @Nullable String sum;

    @Option(
            names = "--project",
            paramLabel = "WORDS",
            description =
                    "Of --embedding: place these words along the direction that the sum points in,"
                            + " such as \"cats - cat\".")
    private @Nullable String project;

    @Option(
            names = "--components",
            paramLabel = "WORDS",
            description = "The first three principal components of the vectors of these words.")
    private @Nullable String components;

    @Override
    public String heading() {
        return "Embedding";
    }

    boolean wanted() {
        return sum != null || components != null;
    }

    void check() {
        if (project != null && sum == null) {
            throw new WrongUsage("--project goes with --embedding \"cats - cat\"");
        }
        if (components != null && sum != null) {
            throw new WrongUsage("--embedding and --components are two questions; ask one");
        }
    }

    void run(LocalModel model, int top, boolean json) {
        TokenNames names = new TokenNames(model);
        Embeddings embeddings = Embeddings.of(model.gpt(), model.processor());
        ObjectNode node = Json.object().put("model", model.path().toString());
        if (sum != null) {
            TokenSum expression = TokenSum.parse(model, "--embedding", sum);
            float[] vector = embeddings.sum(expression.plus(), expression.minus());
            if (project != null) {
                int[] ids = TokenSum.words(model, "--project", project);
                projections(node, names, embeddings, vector, ids, json);
            } else {
                neighbours(node, names, embeddings, vector, expression, top, json);
            }
        } else if (components != null) {
            int[] ids = TokenSum.words(model, "--components", components);
            components(node, names, embeddings, ids, json);
        }
        if (json) {
            Json.print(node);
        }
    }

    private static void neighbours(
            ObjectNode node,
            TokenNames names,
            Embeddings embeddings,
            float[] vector,
            TokenSum expression,
            int top,
            boolean json) {
        Set<Integer> named = new HashSet<>(expression.named());
        List<Neighbour> nearest = embeddings.nearest(vector, top, id -> !named.contains(id));
        ArrayNode list = node.putArray("neighbours");
        for (Neighbour neighbour : nearest) {
            list.addObject()
                    .put("id", neighbour.id())
                    .put("text", names.of(neighbour.id()))
                    .put("cosine", neighbour.cosine());
            if (!json) {
                System.out.printf(
                        "%8s  %7d  %s%n",
                        decimal(neighbour.cosine()), neighbour.id(), names.quoted(neighbour.id()));
            }
        }
    }

    private static void projections(
            ObjectNode node,
            TokenNames names,
            Embeddings embeddings,
            float[] direction,
            int[] ids,
            boolean json) {
        ArrayNode list = node.putArray("projections");
        for (int id : ids) {
            double projection = embeddings.projection(id, direction);
            list.addObject().put("id", id).put("text", names.of(id)).put("projection", projection);
            if (!json) {
                System.out.printf("%8s  %7d  %s%n", decimal(projection), id, names.quoted(id));
            }
        }
    }

    private static void components(
            ObjectNode node, TokenNames names, Embeddings embeddings, int[] ids, boolean json) {
        if (ids.length < 3) {
            throw new WrongUsage(
                    "--components: found " + ids.length + " words, expected 3 or more");
        }
        PrincipalComponents found = embeddings.components(ids, Math.min(3, ids.length - 1));
        node.set("explained", Json.of(found.explained()));
        ArrayNode list = node.putArray("points");
        for (int i = 0; i < ids.length; i++) {
            list.addObject()
                    .put("id", ids[i])
                    .put("text", names.of(ids[i]))
                    .set("at", Json.of(found.points()[i]));
        }
        if (!json) {
            print(names, ids, found);
        }
    }

    private static void print(TokenNames names, int[] ids, PrincipalComponents found) {
        for (int i = 0; i < ids.length; i++) {
            List<String> at = new ArrayList<>();
            for (double x : found.points()[i]) {
                at.add(String.format("%8s", decimal(x)));
            }
            System.out.printf("%s  %s%n", String.join(" ", at), names.quoted(ids[i]));
        }
        List<String> shares = new ArrayList<>();
        for (double share : found.explained()) {
            shares.add(String.format(Locale.ROOT, "%.1f %%", 100 * share));
        }
        System.out.println("of the variance: " + String.join(", ", shares));
    }

    private static String decimal(double x) {
        return String.format(Locale.ROOT, "%.4f", x);
    }
}
