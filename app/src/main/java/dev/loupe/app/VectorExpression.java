package dev.loupe.app;

import dev.loupe.files.LocalModel;
import dev.loupe.tokens.Tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A sum of words: {@code woman - man + king}. A word is a token of the model, with a leading space
 * where there is one such; in quotes it is taken as it stands; {@code #12} is a token's id.
 *
 * @param plus ids of tokens whose vectors are added
 * @param minus ids of tokens whose vectors are subtracted
 */
record VectorExpression(int[] plus, int[] minus) {
    private static final Pattern TERM =
            Pattern.compile("\\s*(?:'(?<quoted>[^']+)'|(?<word>[^\\s']\\S*))(?=\\s|$)\\s*");
    private static final Pattern SIGN = Pattern.compile("([+-])\\s+");

    /**
     * Reads one.
     *
     * @param source of the text, for errors
     * @throws WrongUsage if it is no sum
     * @throws UserException if a word is no token
     */
    static VectorExpression parse(LocalModel model, String source, String text) {
        List<Integer> plus = new ArrayList<>();
        List<Integer> minus = new ArrayList<>();
        int at = 0;
        boolean subtract = false;
        Matcher first = SIGN.matcher(text);
        if (first.lookingAt()) {
            subtract = first.group(1).equals("-");
            at = first.end();
        }
        while (true) {
            Matcher term = TERM.matcher(text).region(at, text.length());
            if (!term.lookingAt()) {
                throw noSum(source, text);
            }
            (subtract ? minus : plus).add(id(model, source, term));
            at = term.end();
            if (at == text.length()) {
                return new VectorExpression(ints(plus), ints(minus));
            }
            Matcher sign = SIGN.matcher(text).region(at, text.length());
            if (!sign.lookingAt()) {
                throw noSum(source, text);
            }
            subtract = sign.group(1).equals("-");
            at = sign.end();
        }
    }

    private static WrongUsage noSum(String source, String text) {
        return new WrongUsage(
                source
                        + ": found \""
                        + text
                        + "\", expected a sum of words such as \"woman - man + king\", with spaces"
                        + " around + and -");
    }

    private static int[] ints(List<Integer> list) {
        return list.stream().mapToInt(Integer::intValue).toArray();
    }

    private static int id(LocalModel model, String source, Matcher term) {
        String quoted = term.group("quoted");
        return quoted == null
                ? word(model, source, term.group("word"))
                : OneToken.of(model, source, quoted);
    }

    /** The token of a word: with a leading space if there is one such, else without. */
    static int word(LocalModel model, String source, String word) {
        if (word.startsWith("#")) {
            return OneToken.of(model, source, word);
        }
        Tokenizer tokenizer = ModelOptions.tokenizer(model);
        for (String spelling : List.of(" " + word, word)) {
            int[] ids = tokenizer.encode(spelling);
            if (ids.length == 1 && tokenizer.decode(ids).strip().equals(word)) {
                return ids[0];
            }
        }
        throw new UserException(
                source
                        + ": '"
                        + word
                        + "' is no single token of this model, but "
                        + OneToken.several(tokenizer, tokenizer.encode(" " + word))
                        + "; only tokens have vectors");
    }

    /** The tokens of words between spaces or commas; quotes as in a sum. */
    static int[] words(LocalModel model, String source, String text) {
        List<Integer> ids = new ArrayList<>();
        String spaced = text.replace(',', ' ').strip();
        int at = 0;
        while (at < spaced.length()) {
            Matcher term = TERM.matcher(spaced).region(at, spaced.length());
            if (!term.lookingAt()) {
                throw new WrongUsage(
                        source + ": found \"" + text + "\", expected words between spaces");
            }
            ids.add(id(model, source, term));
            at = term.end();
        }
        return ints(ids);
    }

    /** All tokens that it names. */
    List<Integer> named() {
        return Stream.of(plus, minus).flatMap(ids -> Arrays.stream(ids).boxed()).toList();
    }
}
