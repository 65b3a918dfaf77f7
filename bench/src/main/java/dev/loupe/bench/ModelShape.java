package dev.loupe.bench;

/**
 * The sizes of a model of the Llama family with one table for embedding and unembedding.
 *
 * @param nMlp numbers between the matrices of an MLP
 */
record ModelShape(
        String name,
        int nLayer,
        int nEmbd,
        int nHead,
        int nKvHead,
        int headDim,
        int nMlp,
        int vocabSize,
        int nCtx) {
    /** Llama 3.2 1B, with less context than it was trained for. */
    static final ModelShape LLAMA_1B =
            new ModelShape("llama-1b", 16, 2048, 32, 8, 64, 8192, 128_256, 8192);

    /** Small enough to be written in no time, and still whole blocks of 256 for K-quants. */
    static final ModelShape TINY = new ModelShape("tiny", 2, 256, 4, 2, 64, 512, 1024, 2048);

    static ModelShape named(String name) {
        return switch (name) {
            case "llama-1b" -> LLAMA_1B;
            case "tiny" -> TINY;
            default ->
                    throw new IllegalArgumentException(
                            "shape: found '" + name + "', expected llama-1b or tiny");
        };
    }

    /** Weights in the matrices of the blocks: each token of a prompt meets every one of them. */
    long blockWeights() {
        long attention = 2L * nEmbd * headDim * (nHead + nKvHead);
        return nLayer * (attention + 3L * nEmbd * nMlp);
    }
}
