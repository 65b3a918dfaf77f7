package dev.loupe.files;

import dev.loupe.tokens.Merges;
import dev.loupe.tokens.TokenKind;
import dev.loupe.tokens.Vocabulary;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * The two ways to write down SentencePiece's merges: a score for each token, as GGUF has it, where
 * any two neighbours that make a token may merge, and a list of pairs in order, as tokenizer.json
 * has it.
 */
final class SentencePieceScores {
    /** What llama.cpp gives to tokens that are no merge's result. */
    private static final float NONE = -1_000_000f;

    private final Vocabulary vocabulary;
    private final Map<String, Integer> ranks = new HashMap<>();

    /**
     * Scores by the order in which merges first make each token.
     *
     * @throws ModelFileException if the list lacks a merge that scores would allow
     */
    SentencePieceScores(TokenizerJson json) {
        vocabulary = json.vocabulary;
        List<String> merges = json.file.merges;
        Set<Pair> pairs = new HashSet<>();
        for (int i = 0; i + 1 < merges.size(); i += 2) {
            pairs.add(new Pair(merges.get(i), merges.get(i + 1)));
            ranks.putIfAbsent(merges.get(i) + merges.get(i + 1), ranks.size());
        }
        Set<String> added = new HashSet<>();
        json.added.forEach(token -> added.add(token.text()));
        for (int id = 0; id < vocabulary.size(); id++) {
            String text = vocabulary.text(id);
            if (vocabulary.kind(id) != TokenKind.NORMAL || added.contains(text)) {
                continue;
            }
            for (Pair pair : splits(text, vocabulary)) {
                if (!pairs.contains(pair)) {
                    throw json.file.wrong(
                            "model.merges",
                            "no merge of '%s' and '%s'".formatted(pair.left, pair.right),
                            "all that make a token, as SentencePiece has them: GGUF has no list");
                }
            }
        }
    }

    /** Two neighbours that may merge. */
    record Pair(String left, String right) {}

    /** Every way to cut a token into two tokens of text. */
    static List<Pair> splits(String text, Vocabulary vocabulary) {
        if (text.length() > Merges.LONGEST_SCORED) {
            throw new IllegalArgumentException(
                    "a token has %d characters, expected at most %d"
                            .formatted(text.length(), Merges.LONGEST_SCORED));
        }
        return IntStream.range(1, text.length())
                .mapToObj(at -> new Pair(text.substring(0, at), text.substring(at)))
                .filter(pair -> isText(pair.left, vocabulary) && isText(pair.right, vocabulary))
                .toList();
    }

    private static boolean isText(String token, Vocabulary vocabulary) {
        int id = vocabulary.idOf(token).orElse(-1);
        if (id < 0) {
            return false;
        }
        return switch (vocabulary.kind(id)) {
            case NORMAL, USER_DEFINED, UNUSED -> true;
            case CONTROL, UNKNOWN, BYTE -> false;
        };
    }

    /** The score of a token; that of the first merge is the highest. */
    float of(int id, boolean text) {
        Integer rank = text ? ranks.get(vocabulary.text(id)) : null;
        return rank == null ? text ? NONE : 0 : -rank;
    }
}
