package dev.loupe.tokens;

import java.nio.CharBuffer;
import java.text.Normalizer;

/** What is done to a text before it is split; each keeps the places in the original. */
public sealed interface Rewriting {
    AlignedText apply(AlignedText text);

    /**
     * Unicode normalization form C: accents and letters that have a character in common are joined.
     */
    record Nfc() implements Rewriting {
        @Override
        public AlignedText apply(AlignedText text) {
            CharBuffer chars = CharBuffer.wrap(text.chars(), text.from(), text.to() - text.from());
            return Normalizer.isNormalized(chars, Normalizer.Form.NFC)
                    ? text
                    : Composition.compose(text);
        }
    }

    /** Puts something in front of every text that is not empty. */
    record Prepend(String front) implements Rewriting {
        @Override
        public AlignedText apply(AlignedText text) {
            return text.isEmpty() ? text : text.prepend(front);
        }
    }

    /** Replaces every occurrence of some text. */
    record Replace(String old, String with) implements Rewriting {
        public Replace {
            if (old.isEmpty()) {
                throw new IllegalArgumentException("there is nothing to replace");
            }
        }

        @Override
        public AlignedText apply(AlignedText text) {
            if (old.length() == 1 && with.length() == 1) {
                return text.replaceChar(old.charAt(0), with.charAt(0));
            }
            String content = new String(text.chars(), text.from(), text.to() - text.from());
            AlignedBuilder out = new AlignedBuilder(content.length());
            for (int i = 0; i < content.length(); ) {
                int at = text.from() + i;
                if (content.startsWith(old, i)) {
                    out.add(with, text.start(at), text.end(at + old.length() - 1));
                    i += old.length();
                } else {
                    out.add(content.substring(i, i + 1), text.start(at), text.end(at));
                    i++;
                }
            }
            return out.build();
        }
    }

    /**
     * Puts a mark in front of a text that does not begin with it.
     *
     * @param onlyFirst only where the text itself begins, not after an added token
     */
    record Mark(char mark, boolean onlyFirst) implements Rewriting {
        @Override
        public AlignedText apply(AlignedText text) {
            boolean marked = text.isEmpty() || text.chars()[text.from()] == mark;
            boolean elsewhere = onlyFirst && text.start(text.from()) > 0;
            return marked || elsewhere ? text : text.prepend(String.valueOf(mark));
        }
    }
}
