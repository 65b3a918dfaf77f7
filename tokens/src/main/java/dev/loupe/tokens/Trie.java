package dev.loupe.tokens;

/** Words by their first characters; each word has a number. */
final class Trie {
    private final LongIntMap children;
    private int[] words = {-1};
    private int nodes = 1;

    Trie(int expectedNodes) {
        children = new LongIntMap(expectedNodes);
    }

    /** Adds a word unless it is there. */
    void add(CharSequence word, int number) {
        int node = 0;
        for (int i = 0; i < word.length(); i++) {
            if (children.putIfAbsent(key(node, word.charAt(i)), nodes)) {
                if (nodes == words.length) {
                    words = java.util.Arrays.copyOf(words, nodes * 2);
                }
                words[nodes++] = -1;
            }
            node = children.get(key(node, word.charAt(i)));
        }
        if (words[node] < 0) {
            words[node] = number;
        }
    }

    /** The node after one more character, or -1. The root is 0. */
    int child(int node, char c) {
        return children.get(key(node, c));
    }

    /** The number of the word that ends in a node, or -1. */
    int word(int node) {
        return words[node];
    }

    private static long key(int node, char c) {
        return (long) node << 16 | c;
    }
}
