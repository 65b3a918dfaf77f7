package dev.loupe.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Random;

/** What comes out does not depend on the pieces, and holds no stop string nor the start of one. */
class StopTextTest {
    /** The text up to the stop string that is complete first; of two, the longer one. */
    private static String expected(String text, List<String> stops) {
        for (int end = 1; end <= text.length(); end++) {
            String read = text.substring(0, end);
            int longest =
                    stops.stream().filter(read::endsWith).mapToInt(String::length).max().orElse(0);
            if (longest > 0) {
                return read.substring(0, end - longest);
            }
        }
        return text;
    }

    /** Bit {@code i} of {@code cuts} cuts after unit {@code i}. */
    private static void check(String text, int cuts, List<String> stops) {
        StopText stop = new StopText(stops);
        String expected = expected(text, stops);
        StringBuilder out = new StringBuilder();
        int from = 0;
        for (int to = 1; to <= text.length() && !stop.stopped(); to++) {
            if (to == text.length() || (cuts >> (to - 1) & 1) == 1) {
                out.append(stop.push(text.substring(from, to)));
                from = to;
                String shown = out.toString();
                if (!stop.stopped()) {
                    for (String s : stops) {
                        for (int n = 1; n < s.length(); n++) {
                            String start = s.substring(0, n);
                            boolean leaked =
                                    shown.endsWith(start)
                                            && text.substring(shown.length())
                                                    .startsWith(s.substring(n));
                            assertThat(leaked && shown.length() > expected.length())
                                    .as("start of '%s' after '%s' of '%s'", s, shown, text)
                                    .isFalse();
                        }
                    }
                }
                assertThat(expected).startsWith(shown);
            }
        }
        boolean stopped = stop.stopped();
        out.append(stop.finish());
        assertThat(out.toString()).as("%s cut at %s, %s", text, cuts, stops).isEqualTo(expected);
        assertThat(stopped).isEqualTo(!expected.equals(text));
        assertThat(stop.push("more")).isEqualTo(stopped ? "" : expected(stop, stops));
    }

    /**
     * What a text that did not stop lets through of "more": all that no stop string begins with.
     */
    private static String expected(StopText stop, List<String> stops) {
        assertThat(stop.stopped()).isFalse();
        assertThat(stops).noneMatch(s -> "more".contains(s.substring(0, 1)));
        return "more";
    }

    @Test
    void everyWayToCutATextGivesTheSame() {
        List<List<String>> stops =
                List.of(
                        List.of(),
                        List.of("ab"),
                        List.of("aab"),
                        List.of("abab", "bb"),
                        List.of("abcab"),
                        List.of("abcd", "bc"),
                        List.of("bc", "abc", "c"),
                        List.of("aaa", "aa"),
                        List.of("\n\n", "\nab"));
        List<String> texts =
                List.of("aabaab", "abcabd", "abababb", "xaaxaaa", "abcd", "c\nab\n\n", "aab", "x");
        for (List<String> stop : stops) {
            for (String text : texts) {
                for (int cuts = 0; cuts < 1 << (text.length() - 1); cuts++) {
                    check(text, cuts, stop);
                }
            }
        }
    }

    @Test
    void randomTextsCutAnywhereGiveTheSame() {
        Random random = new Random(5);
        for (int n = 0; n < 20_000; n++) {
            String text = random(random, 1 + random.nextInt(20));
            List<String> stops =
                    List.of(
                            random(random, 1 + random.nextInt(5)),
                            random(random, 1 + random.nextInt(5)));
            check(text, random.nextInt(), stops);
        }
    }

    private static String random(Random random, int length) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            text.append("abc".charAt(random.nextInt(3)));
        }
        return text.toString();
    }

    @Test
    void textIsHeldBackNoLongerThanItMayBecomeAStop() {
        StopText stop = new StopText(List.of("User:"));
        assertThat(stop.push("Hello Us")).isEqualTo("Hello ");
        assertThat(stop.push("ual")).isEqualTo("Usual");
        assertThat(stop.push(" User")).isEqualTo(" ");
        assertThat(stop.push(": hi")).isEmpty();
        assertThat(stop.stopped()).isTrue();
        assertThat(stop.finish()).isEmpty();
    }

    @Test
    void anEmptyStopIsRefused() {
        assertThatThrownBy(() -> new StopText(List.of("a", "")))
                .hasMessage("stop: found an empty text, expected some");
    }
}
