package dev.loupe.tokens;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The splitters beside the regular expressions that they stand for, on short random texts. */
class SplitterTest {
    private static final String L = "\\p{L}";
    private static final String N = "\\p{N}";
    private static final String TAIL = "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String CONTRACTION =
            "'(?:[sS\u017F]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])";
    private static final String ALPHABET =
            "aZ\u00e9\u6771 \t\n\r"
                    + "\u00a0\u3000'stREvelmLd\u017F12\u00b2\u2177.,!$\u0301\u0378\ud83d\udc69_";

    private static final Map<Splitter, String> WHOLE =
            Map.of(
                    new Splitter.Gpt2Words(),
                    "'s|'t|'re|'ve|'m|'ll|'d| ?"
                            + L
                            + "+| ?"
                            + N
                            + "+| ?[^\\s"
                            + L
                            + N
                            + "]+|\\s+(?!\\S)|\\s+",
                    new Splitter.GroupedWords(3, false),
                    CONTRACTION
                            + "|[^\\r\\n"
                            + L
                            + N
                            + "]?"
                            + L
                            + "+|"
                            + N
                            + "{1,3}| ?[^\\s"
                            + L
                            + N
                            + "]+[\\r\\n]*|"
                            + TAIL,
                    new Splitter.GroupedWords(1, true),
                    CONTRACTION
                            + "|[^\\r\\n"
                            + L
                            + N
                            + "]?["
                            + L
                            + "\\p{M}]+|"
                            + N
                            + "| ?[^\\s"
                            + L
                            + "\\p{M}"
                            + N
                            + "]+[\\r\\n]*|"
                            + TAIL);

    private static final Map<Splitter, String> PARTS =
            Map.of(
                    new Splitter.Runs(CharClass.NUMBER, 1), N,
                    new Splitter.Runs(CharClass.NUMBER, 3), N + "{1,3}",
                    new Splitter.Runs(CharClass.LINE_BREAK, 1), "[\r\n]",
                    new Splitter.Runs(CharClass.DEFAULT_PUNCTUATION, Integer.MAX_VALUE),
                            "[\\p{P}$+<=>^~|]+",
                    new Splitter.Groups(CharClass.ASCII_DIGIT, 3), "[0-9][0-9][0-9]",
                    new Splitter.SpacedRuns(CharClass.LETTER), "\\s?\\p{L}+",
                    new Splitter.SpacedRuns(CharClass.PUNCTUATION), "\\s?\\p{P}+",
                    new Splitter.TrailingSpaces(), "\\s+\\z");

    @Test
    void wordsAreTheMatchesOfTheirExpression() {
        WHOLE.forEach((splitter, regex) ->
                texts().forEach(t ->
                        assertThat(split(splitter, t)).as(regex).isEqualTo(match(regex, t))));
    }

    @Test
    void partsAreTheMatchesAndWhatIsBetween() {
        PARTS.forEach((splitter, regex) ->
                texts().forEach(t ->
                        assertThat(split(splitter, t)).as(regex).isEqualTo(match(regex, t))));
    }

    private static List<String> texts() {
        Random random = new Random(5);
        int[] alphabet = ALPHABET.codePoints().toArray();
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < 4000; i++) {
            StringBuilder text = new StringBuilder();
            for (int n = random.nextInt(14) + 1; n > 0; n--) {
                text.appendCodePoint(alphabet[random.nextInt(alphabet.length)]);
            }
            texts.add(text.toString());
        }
        return texts;
    }

    private static List<String> split(Splitter splitter, String text) {
        List<String> pieces = new ArrayList<>();
        char[] chars = ("x" + text + "1x").toCharArray();
        for (int i = 1; i < chars.length - 2; ) {
            int end = splitter.end(chars, i, chars.length - 2);
            assertThat(end).isGreaterThan(i);
            pieces.add(new String(chars, i, end - i));
            i = end;
        }
        return pieces;
    }

    private static List<String> match(String regex, String text) {
        List<String> pieces = new ArrayList<>();
        Matcher matcher = Pattern.compile("(?U)" + regex).matcher(text);
        int at = 0;
        while (matcher.find()) {
            if (matcher.start() > at) {
                pieces.add(text.substring(at, matcher.start()));
            }
            pieces.add(matcher.group());
            at = matcher.end();
        }
        if (at < text.length()) {
            pieces.add(text.substring(at));
        }
        return pieces;
    }
}
