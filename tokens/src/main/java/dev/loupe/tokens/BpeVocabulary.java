package dev.loupe.tokens;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * What {@link BpeTrainer} learned, as files write it: {@code Ġ} for a space.
 *
 * @param tokens the tokens by id
 * @param merges the texts of left and right, alternating, the first merge first
 * @param special those of the tokens that steer the model; the first one ends a text
 */
public record BpeVocabulary(List<String> tokens, List<String> merges, List<String> special) {
    public BpeVocabulary {
        tokens = List.copyOf(tokens);
        merges = List.copyOf(merges);
        special = List.copyOf(special);
    }

    /** The 256 bytes and nothing else. */
    public static BpeVocabulary ofBytes(List<String> special) {
        return new BpeMerging(Map.of(), special).result(special);
    }

    /**
     * The characters of a text, as tokens of their own: those of one byte, and those of several
     * with the bytes and merges that they are made by. For a text in ASCII that is a token for each
     * character that it has, in the order of their codes.
     *
     * @param codePoints the characters
     */
    public static BpeVocabulary ofCharacters(Set<Integer> codePoints, List<String> special) {
        Set<String> tokens = new LinkedHashSet<>(special);
        List<String> merges = new ArrayList<>();
        for (int codePoint : new TreeSet<>(codePoints)) {
            String character = VisibleBytes.encode(Character.toString(codePoint));
            tokens.add(character.substring(0, 1));
            for (int n = 1; n < character.length(); n++) {
                tokens.add(character.substring(n, n + 1));
                if (tokens.add(character.substring(0, n + 1))) {
                    merges.add(character.substring(0, n));
                    merges.add(character.substring(n, n + 1));
                }
            }
        }
        return new BpeVocabulary(List.copyOf(tokens), merges, special);
    }

    /** The tokenizer that uses it. */
    public BpeTokenizer tokenizer() {
        List<TokenKind> kinds =
                new ArrayList<>(Collections.nCopies(tokens.size(), TokenKind.NORMAL));
        List<AddedToken> added = new ArrayList<>();
        for (String token : special) {
            int id = tokens.indexOf(token);
            kinds.set(id, TokenKind.CONTROL);
            added.add(new AddedToken(id, token, true));
        }
        Vocabulary vocabulary = new Vocabulary(tokens, kinds);
        BpeTokenizerBuilder builder =
                new BpeTokenizerBuilder(
                                vocabulary, Merges.ofPairs(vocabulary, merges), Alphabet.BYTES)
                        .splitters(List.of(new Splitter.Gpt2Words()))
                        .added(added)
                        .decodesAdded(true);
        if (!special.isEmpty()) {
            int end = tokens.indexOf(special.getFirst());
            builder.bos(end).eos(end).endOfGeneration(Set.of(end));
        }
        return builder.build();
    }
}
