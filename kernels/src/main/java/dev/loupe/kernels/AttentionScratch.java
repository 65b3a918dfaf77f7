package dev.loupe.kernels;

/**
 * Room that one worker needs for {@link Kernels#attend}.
 *
 * @param query one query, scaled
 * @param scores of a block of keys
 * @param sum the weighted sum of values so far, padded
 * @param lanes sixteen numbers
 */
public record AttentionScratch(float[] query, float[] scores, float[] sum, float[] lanes) {
    public AttentionScratch(int headDim) {
        this(
                new float[headDim],
                new float[KeyValues.BLOCK],
                new float[(headDim + 15) / 16 * 16],
                new float[16]);
    }
}
