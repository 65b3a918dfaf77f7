package dev.loupe.train;

/** How a run goes, whatever is trained in it. */
public sealed interface Plan permits Settings, TuneSettings {
    /** How the model is trained. */
    Recipe recipe();

    /** Steps between two validations. */
    long evaluateEvery();

    /** Steps between two samples. */
    long sampleEvery();

    /** Steps between two checkpoints. */
    long checkpointEvery();
}
