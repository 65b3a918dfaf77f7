package dev.loupe.train;

import dev.loupe.files.BpeFiles;
import dev.loupe.files.Converter;
import dev.loupe.files.Tokenizers;
import dev.loupe.kernels.Processor;
import dev.loupe.kernels.TensorType;
import dev.loupe.model.Gpt;
import dev.loupe.model.GptConfig;
import dev.loupe.model.GptLoader;
import dev.loupe.model.Parameters;
import dev.loupe.tokens.BpeTrainer;
import dev.loupe.tokens.BpeVocabulary;
import dev.loupe.tokens.Tokenizer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/**
 * A run in its folder: settings, tokenizer, tokens, checkpoints, and the model as it stands, which
 * is a folder that any command takes as a model.
 */
public final class Run implements Course {
    /** The token between documents. */
    public static final String END = "<|endoftext|>";

    /** The folder of its checkpoints, in its own. */
    static final String CHECKPOINTS = "checkpoints";

    private final Path folder;
    private final Settings settings;
    private final Tokenizer tokenizer;
    private final TokenFile tokens;
    private final long trained;
    private long skipped;
    private final MemoryNeed memory;
    private final TextWindows windows;
    private final Trainer trainer;
    private final Checkpoints checkpoints;
    private final Garbage garbage = new Garbage();

    /**
     * Prepares a run, or what is missing of it: tokenizer and tokens that are there already are
     * used again.
     *
     * @throws DataException if the data is too little, or cannot be read
     */
    public Run(Path folder, Settings settings, Processor processor, Watcher watcher) {
        this.folder = folder;
        this.settings = settings;
        Corpus corpus =
                Corpus.of(settings.data().stream().map(Path::of).toList(), settings.skipBad());
        tokenizer = tokenizer(corpus, watcher);
        tokens = tokens(corpus, watcher);
        trained = Math.round(tokens.size() * (1 - settings.validation()));
        Recipe recipe = settings.recipe();
        int context = settings.architecture().context();
        enough(context);
        windows = new TextWindows(tokens, new Windows(0, trained, context, recipe.seed()), recipe);
        GptConfig config = settings.architecture().config(tokenizer.vocabSize());
        memory = MemoryNeed.of(config, recipe, context, processor);
        memory.check(config, recipe, context, processor, FreeMemory.bytes());
        // the collector would rather take more memory than collect what vocabulary and tokens left
        System.gc();
        Gpt gpt =
                GptLoader.load(
                        config, new Initialization(config, recipe.seed()), processor.threads());
        trainer = new Trainer(gpt, Parameters.of(gpt), recipe, windows, processor);
        checkpoints =
                new Checkpoints(
                        folder.resolve(CHECKPOINTS), settings.brief(), settings.checkpointsKept());
    }

    private void enough(int context) {
        long needed = (long) Math.ceil((context + 1) / (1 - settings.validation()));
        if (trained <= context) {
            throw new DataException(
                    "%d tokens are not enough: a context of %d needs %d, one window and the part that is held back; take more text, or a shorter --context"
                            .formatted(tokens.size(), context, needed));
        }
    }

    private Tokenizer tokenizer(Corpus corpus, Watcher watcher) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new DataException(folder, "cannot be made: " + e.getMessage());
        }
        if (corpus.bytes() == 0) {
            throw new DataException(
                    corpus.files().getFirst(),
                    "is empty; a context of %d needs %d tokens and one more"
                            .formatted(
                                    settings.architecture().context(),
                                    settings.architecture().context()));
        }
        // without a run in the folder it is that of an earlier attempt, on other text perhaps
        if (!Settings.present(folder) || !Files.exists(folder.resolve("tokenizer.json"))) {
            BpeVocabulary vocabulary =
                    switch (settings.tokenizer()) {
                        case "bytes" -> BpeVocabulary.ofBytes(List.of(END));
                        case "characters" -> characters(corpus, watcher);
                        case "bpe" -> bpe(corpus, watcher);
                        default -> null;
                    };
            if (vocabulary == null) {
                copy(Path.of(settings.tokenizer()));
            } else {
                BpeFiles.write(vocabulary, settings.architecture().context(), folder);
            }
        }
        return Tokenizers.open(folder);
    }

    /** Takes a folder's tokenizer, and its settings where it has any. */
    private void copy(Path model) {
        Path file = model.resolve("tokenizer.json");
        if (!Files.isReadable(file)) {
            throw new DataException(
                    model,
                    "has no tokenizer.json to read; take bpe, characters, bytes, or a folder with a"
                            + " tokenizer.json");
        }
        Path config = model.resolve("tokenizer_config.json");
        try {
            copyHere(file);
            if (Files.exists(config)) {
                copyHere(config);
            }
        } catch (IOException e) {
            throw new DataException(model, "cannot be copied: " + e.getMessage());
        }
    }

    private void copyHere(Path file) throws IOException {
        Files.copy(file, folder.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
    }

    private static BpeVocabulary characters(Corpus corpus, Watcher watcher) {
        Set<Integer> characters = new HashSet<>();
        int documents = read(corpus, text -> text.codePoints().forEach(characters::add), watcher);
        // a single text needs no mark where it ends
        return BpeVocabulary.ofCharacters(characters, documents > 1 ? List.of(END) : List.of());
    }

    private BpeVocabulary bpe(Corpus corpus, Watcher watcher) {
        BpeTrainer learner = new BpeTrainer();
        read(corpus, learner::count, watcher);
        int size = settings.vocabSize();
        return learner.train(size, List.of(END), 2, n -> watcher.at("vocabulary", n, size));
    }

    private interface Text {
        void take(String text);
    }

    /** Reads everything; gives how many documents there were. */
    private static int read(Corpus corpus, Text to, Watcher watcher) {
        int[] documents = {0};
        long total = corpus.bytes();
        corpus.read(
                new Corpus.Reader() {
                    @Override
                    public void text(String piece) {
                        to.take(piece);
                    }

                    @Override
                    public void end() {
                        documents[0]++;
                    }
                },
                bytes -> watcher.at("reading", bytes, total));
        return documents[0];
    }

    private TokenFile tokens(Corpus corpus, Watcher watcher) {
        long total = corpus.bytes();
        TokenFile prepared =
                TokenFile.prepare(
                        folder.resolve("tokens.bin"),
                        corpus,
                        tokenizer,
                        tokenizer.eos(),
                        key(corpus),
                        bytes -> watcher.at("tokens", bytes, total));
        skipped = corpus.skipped();
        return prepared;
    }

    /** How many lines of the text were passed over when it was read. */
    public long skipped() {
        return skipped;
    }

    /** What the tokens were made from: names, sizes and times of files, and the tokenizer. */
    private long key(Corpus corpus) {
        try {
            return corpus.key(Files.readAllBytes(folder.resolve("tokenizer.json")));
        } catch (IOException e) {
            throw new DataException(folder, "cannot be read: " + e.getMessage());
        }
    }

    @Override
    public Settings settings() {
        return settings;
    }

    @Override
    public Tokenizer tokenizer() {
        return tokenizer;
    }

    @Override
    public Set<Integer> endOfGeneration() {
        return tokenizer.endOfGeneration();
    }

    @Override
    public Trainer trainer() {
        return trainer;
    }

    @Override
    public Checkpoints checkpoints() {
        return checkpoints;
    }

    /** What training takes. */
    public MemoryNeed memory() {
        return memory;
    }

    @Override
    public String parameters() {
        return "parameters";
    }

    @Override
    public String data() {
        return windows.data(tokens.size(), trained, settings.recipe());
    }

    @Override
    public long tokensOfStep() {
        return windows.tokensOfStep();
    }

    @Override
    public int[] samplePrompt() {
        int[] prompt = tokenizer.encode(settings.samplePrompt());
        return prompt.length > 0 ? prompt : new int[] {tokenizer.bos().orElse(0)};
    }

    /** Whether enough tokens are held back to validate with. */
    @Override
    public boolean validates() {
        return tokens.size() - trained > 1;
    }

    /** The loss on the tokens that are held back, of the average where there is one. */
    @Override
    public double validate() {
        long held = tokens.size() - trained;
        List<Lesson> lessons = windows.held(trained, held, settings.evaluateWindows());
        return trainer.withAverage(() -> trainer.validate(lessons));
    }

    /** Writes the model as it stands beside its tokenizer, or its average. */
    @Override
    public void saveModel() {
        OptionalInt end = tokenizer.eos();
        TensorType type = settings.brief() ? TensorType.BF16 : TensorType.F32;
        trainer.withAverage(() -> {
            Converter.save(
                    trainer.gpt(),
                    folder,
                    type,
                    end,
                    (index, count, tensor) -> garbage.collectIfMuch());
            return true;
        });
        garbage.collectIfMuch();
    }

    @Override
    public void tidy() {
        garbage.collectIfMuch();
    }

    @Override
    public void close() {
        tokens.close();
    }
}
