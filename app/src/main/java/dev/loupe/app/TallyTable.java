package dev.loupe.app;

import com.fasterxml.jackson.databind.node.ArrayNode;

import dev.loupe.inside.Tally;
import dev.loupe.inside.Tally.Kind;
import dev.loupe.inside.Tally.Row;

import java.util.List;
import java.util.stream.Collectors;

/** Where parameters are, as a table. */
final class TallyTable {
    private TallyTable() {}

    static void print(Tally tally) {
        for (Row row : tally.rows()) {
            String shape =
                    row.matrices() == 0
                            ? ""
                            : "%,d of [%d, %d]".formatted(row.matrices(), row.rows(), row.cols());
            System.out.printf(
                    "  %-20s %,19d  %5.1f %%  %s%n",
                    row.kind().title(),
                    row.parameters(),
                    100.0 * row.parameters() / tally.total(),
                    shape);
        }
        System.out.printf("  %-20s %,19d%n", "parameters in all", tally.total());
    }

    /** The tally that is often told, and what it leaves out. */
    static void printMatricesOnly(Tally all) {
        Tally told = all.matricesOnly();
        for (Row row : told.rows()) {
            System.out.printf("  %-20s %,19d%n", row.kind().title(), row.parameters());
        }
        System.out.printf(
                "  %-20s %,19d  in %,d matrices%n", "in all", told.total(), told.matrices());
        List<Kind> kinds = told.rows().stream().map(Row::kind).toList();
        String left =
                all.rows().stream()
                        .filter(row -> !kinds.contains(row.kind()))
                        .map(row -> "%s (%,d)".formatted(row.kind().title(), row.parameters()))
                        .collect(Collectors.joining(", "));
        System.out.println("  Left out: " + left + ".");
        boolean tied = all.rows().stream().noneMatch(row -> row.kind() == Kind.UNEMBEDDING);
        if (tied) {
            System.out.printf(
                    "  Counted twice: the unembedding is the table of token vectors (%,d).%n",
                    all.rows().getFirst().parameters());
        }
    }

    static void json(Tally tally, ArrayNode list) {
        for (Row row : tally.rows()) {
            var one = list.addObject().put("kind", row.kind().key());
            one.put("matrices", row.matrices());
            if (row.matrices() > 0) {
                one.set("shape", Json.of(new int[] {row.rows(), row.cols()}));
            }
            one.put("parameters", row.parameters());
        }
    }
}
