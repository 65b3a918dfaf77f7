package dev.loupe.app;

import dev.loupe.files.LocalModel;
import dev.loupe.inside.TokenName;
import dev.loupe.inside.VectorExpression;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * The tokens of a sum of words such as {@code woman - man + king}.
 *
 * @param plus ids of tokens whose vectors are added
 * @param minus ids of tokens whose vectors are subtracted
 */
record TokenSum(int[] plus, int[] minus) {
    /**
     * Reads one.
     *
     * @param source of the text, for errors
     * @throws WrongUsage if it is no sum
     * @throws UserException if a word is no token
     */
    static TokenSum parse(LocalModel model, String source, String text) {
        List<Integer> plus = new ArrayList<>();
        List<Integer> minus = new ArrayList<>();
        for (VectorExpression.Term term : expression(source, text).terms()) {
            (term.minus() ? minus : plus).add(OneToken.of(model, source, term.name()));
        }
        return new TokenSum(ints(plus), ints(minus));
    }

    private static VectorExpression expression(String source, String text) {
        try {
            return VectorExpression.parse(text);
        } catch (IllegalArgumentException e) {
            throw new WrongUsage(source + ": " + e.getMessage());
        }
    }

    /** The tokens of words between spaces or commas; quotes as in a sum. */
    static int[] words(LocalModel model, String source, String text) {
        List<Integer> ids = new ArrayList<>();
        for (TokenName name : names(source, text)) {
            ids.add(OneToken.of(model, source, name));
        }
        return ints(ids);
    }

    private static List<TokenName> names(String source, String text) {
        try {
            return VectorExpression.words(text);
        } catch (IllegalArgumentException e) {
            throw new WrongUsage(source + ": " + e.getMessage());
        }
    }

    private static int[] ints(List<Integer> list) {
        return list.stream().mapToInt(Integer::intValue).toArray();
    }

    /** All tokens that it names. */
    List<Integer> named() {
        return Stream.of(plus, minus).flatMap(ids -> Arrays.stream(ids).boxed()).toList();
    }
}
