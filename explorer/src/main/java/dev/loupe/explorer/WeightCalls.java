package dev.loupe.explorer;

import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.files.LocalModel;
import dev.loupe.files.ModelSummary;
import dev.loupe.inside.KnownShape;
import dev.loupe.inside.MatrixStatistics;
import dev.loupe.inside.MatrixWindow;
import dev.loupe.inside.PooledMatrix;
import dev.loupe.inside.SingularValues;
import dev.loupe.kernels.StoredRows;
import dev.loupe.kernels.Threads;
import dev.loupe.model.GptTensors;

import java.util.List;
import java.util.Map;

/** Where the parameters of a model are, and what is in each of its matrices. */
final class WeightCalls {
    /** Numbers that one answer reads. */
    private static final long READ = 1L << 26;

    /** Numbers that a file holds: GPT-2's table of tokens is the largest of many models. */
    private static final long SAVED = 40_000_000;

    /** Cells of a picture. */
    private static final long CELLS = 1L << 19;

    private static final int NAME = 200;

    private WeightCalls() {}

    /** The calls by their names. */
    static Map<String, Call> all() {
        return Map.of(
                "weights",
                WeightCalls::weights,
                "matrix",
                WeightCalls::matrix,
                "cells",
                WeightCalls::cells,
                "singular",
                WeightCalls::singular);
    }

    private static Answer weights(Question question) {
        if (question.has("preset")) {
            String label = question.text("preset", NAME);
            KnownShape shape =
                    KnownShape.named(label)
                            .orElseThrow(() ->
                                    new ApiException(404, "no shape is called " + label + " here"));
            return Answer.json(WeightList.of(shape));
        }
        LocalModel model = question.open().model();
        ModelSummary summary = ModelSummary.of(model.path());
        return Answer.json(WeightList.of(model.gpt(), summary));
    }

    /** The numbers that the model computes with, adapters included, by the name of the file. */
    private static StoredRows tensor(Question question) {
        String name = question.text("name", NAME);
        boolean joined = name.contains(".attn_qkv.");
        return new GptTensors(question.open().model().gpt(), joined)
                .find(name)
                .orElseThrow(() -> new ApiException(404, "this model has no tensor " + name));
    }

    private static Threads threads(Question question) {
        return question.open().model().processor().threads();
    }

    private static Answer matrix(Question question) {
        StoredRows matrix = tensor(question);
        Asker asker = question.asker();
        MatrixStatistics found =
                MatrixStatistics.of(
                        matrix,
                        threads(question),
                        share -> asker.progress(share, "reading all numbers"));
        ObjectNode root = Answer.MAPPER.createObjectNode();
        root.put("rows", matrix.rows()).put("cols", matrix.cols());
        root.put("mean", found.mean()).put("deviation", found.deviation());
        root.put("norm", found.norm());
        place(root.putObject("least"), found.least());
        place(root.putObject("largest"), found.largest());
        root.set("histogram", Answer.MAPPER.valueToTree(found.histogram()));
        return Answer.json(root);
    }

    private static void place(ObjectNode node, MatrixStatistics.At at) {
        node.put("row", at.row()).put("col", at.col()).put("value", at.value());
    }

    private static Answer cells(Question question) {
        StoredRows matrix = tensor(question);
        int[] rows = pair(question, "rows", matrix.rows());
        int[] cols = pair(question, "cols", matrix.cols());
        int[] each = question.has("each") ? question.integers("each", 2) : new int[] {1, 1};
        if (each.length != 2 || each[0] < 1 || each[1] < 1) {
            throw new ApiException(400, "each: expected two numbers, at least 1");
        }
        MatrixWindow window = new MatrixWindow(rows[0], rows[1], cols[0], cols[1]);
        Threads threads = threads(question);
        if (question.is("format", "npz")) {
            limit((long) window.rows() * window.cols(), SAVED, "numbers are saved");
            return Answer.npz(List.of(window.numbers(matrix, threads, question.asker()::check)));
        }
        // a row is decoded whole, however few of its columns are asked for
        limit((long) window.rows() * matrix.cols(), READ, "numbers are read");
        long high = Math.ceilDiv(window.rows(), each[0]);
        limit(high * Math.ceilDiv(window.cols(), each[1]), CELLS, "cells are given");
        PooledMatrix pooled =
                PooledMatrix.of(matrix, window, each[0], each[1], threads, question.asker()::check);
        return Answer.tensors(List.of(pooled.cells(), pooled.places()));
    }

    /** From and to within {@code [0, end]}; all if nothing is asked. */
    private static int[] pair(Question question, String name, int end) {
        int[] pair = question.has(name) ? question.integers(name, 2) : new int[] {0, end};
        if (pair.length != 2 || pair[0] < 0 || pair[0] >= pair[1] || pair[1] > end) {
            throw new ApiException(
                    400, "%s: expected from and to, within 0 and %d".formatted(name, end));
        }
        return pair;
    }

    private static void limit(long found, long most, String what) {
        if (found > most) {
            throw new ApiException(
                    413,
                    "at most %,d %s at a time, these are %,d; ask for fewer rows"
                            .formatted(most, what, found));
        }
    }

    private static Answer singular(Question question) {
        StoredRows matrix = tensor(question);
        Asker asker = question.asker();
        SingularValues found =
                SingularValues.of(
                        matrix,
                        threads(question),
                        share -> asker.progress(share, "computing singular values"));
        ObjectNode root = Answer.MAPPER.createObjectNode();
        root.put("effective_rank", found.effectiveRank());
        root.put("squared_norm", found.squaredNorm());
        root.set("values", Answer.MAPPER.valueToTree(found.values()));
        return Answer.json(root);
    }
}
