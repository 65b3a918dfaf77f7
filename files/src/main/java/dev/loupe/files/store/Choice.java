package dev.loupe.files.store;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The files of a repository that make one model: a GGUF file, or the needed ones of a safetensors
 * folder.
 *
 * @param variant the folder in the store, below owner and repo
 */
record Choice(String variant, List<HubFile> files) {
    /** The variant of a safetensors folder; a GGUF file's is its name without the ending. */
    static final String FOLDER = "safetensors";

    /** What is taken where nothing was asked for: small without a loss that one would notice. */
    private static final List<String> PREFERRED =
            List.of("Q4_K_M", "Q8_0", "Q5_K_M", "Q6_K", "Q4_0", "Q4_1", "BF16", "F16", "F32");

    private static final List<String> BESIDE_WEIGHTS =
            List.of(
                    "config.json",
                    "generation_config.json",
                    "tokenizer.json",
                    "tokenizer_config.json");
    private static final Pattern SHARD = Pattern.compile("model-\\d+-of-\\d+\\.safetensors");
    private static final Pattern GGUF_SHARD = Pattern.compile("(?i).*-\\d{5}-of-(\\d{5})\\.gguf");
    private static final Pattern QUANTISATION =
            Pattern.compile(
                    "(?i)(?:^|[-._])((?:(?:IQ|TQ|Q)\\d(?:_[A-Z0-9]+)*|BF16|F16|F32|MXFP4))(?=[-.]|$)");

    /**
     * Chooses.
     *
     * @throws StoreException if the repository has no such model, or none that Loupe can read; it
     *     says what there is
     */
    static Choice of(Source.Hub source, List<HubFile> listing) {
        List<HubFile> ggufs =
                listing.stream()
                        .filter(file -> lower(file.name()).endsWith(".gguf"))
                        .filter(file -> !lower(file.name()).startsWith("mmproj"))
                        .toList();
        if (source.which().isEmpty()) {
            Optional<Choice> folder = folder(listing);
            if (folder.isPresent()) {
                return folder.get();
            }
            return gguf(source, preferred(source, ggufs));
        }
        List<HubFile> named =
                ggufs.stream()
                        .filter(file ->
                                file.path().equals(source.which())
                                        || isCalled(file.name(), source.which()))
                        .toList();
        if (named.isEmpty()) {
            throw new StoreException(
                    source.owner()
                            + "/"
                            + source.repo()
                            + ": found no GGUF file '"
                            + source.which()
                            + "', but "
                            + names(ggufs));
        }
        return gguf(source, smallest(named));
    }

    /** True if a GGUF file's name is this, or its quantisation is. */
    static boolean isCalled(String file, String which) {
        return file.equals(which)
                || quantisation(file).filter(q -> q.equalsIgnoreCase(which)).isPresent();
    }

    /** The quantisation that a GGUF file's name states. */
    static Optional<String> quantisation(String file) {
        Matcher found = QUANTISATION.matcher(file);
        String last = null;
        while (found.find()) {
            last = found.group(1);
        }
        return Optional.ofNullable(last).map(quantisation -> quantisation.toUpperCase(Locale.ROOT));
    }

    /** What identifies the model among those of its repository; empty for the folder. */
    static String which(String variant) {
        return variant.equals(FOLDER) ? "" : quantisation(variant).orElse(variant + ".gguf");
    }

    private static HubFile preferred(Source.Hub source, List<HubFile> ggufs) {
        for (String quantisation : PREFERRED) {
            List<HubFile> such =
                    ggufs.stream().filter(file -> isCalled(file.name(), quantisation)).toList();
            if (!such.isEmpty()) {
                return smallest(such);
            }
        }
        if (ggufs.size() == 1) {
            return ggufs.getFirst();
        }
        throw new StoreException(
                ggufs.isEmpty()
                        ? source
                                + ": found neither a .gguf file nor config.json, tokenizer.json and"
                                + " .safetensors; if its weights are .bin or .pt, load it with"
                                + " transformers and save_pretrained(safe_serialization=True)"
                        : source + ": name one of its files after a colon: " + names(ggufs));
    }

    private static Choice gguf(Source.Hub source, HubFile file) {
        Matcher shard = GGUF_SHARD.matcher(file.name());
        if (shard.matches()) {
            throw new StoreException(
                    source
                            + ": "
                            + file.name()
                            + " is one of "
                            + Integer.parseInt(shard.group(1), 10)
                            + " parts of a GGUF, which Loupe does not read; name a file that is"
                            + " whole, or join them with llama-gguf-split --merge");
        }
        return new Choice(
                file.name().substring(0, file.name().length() - ".gguf".length()), List.of(file));
    }

    private static Optional<Choice> folder(List<HubFile> listing) {
        List<HubFile> weights = new ArrayList<>();
        List<HubFile> beside = new ArrayList<>();
        boolean whole = listing.stream().anyMatch(file -> file.path().equals("model.safetensors"));
        for (HubFile file : listing) {
            String path = file.path();
            if (whole ? path.equals("model.safetensors") : SHARD.matcher(path).matches()) {
                weights.add(file);
            } else if (BESIDE_WEIGHTS.contains(path)
                    || (!whole && path.equals("model.safetensors.index.json"))) {
                beside.add(file);
            }
        }
        boolean complete =
                !weights.isEmpty()
                        && beside.stream().anyMatch(file -> file.path().equals("config.json"))
                        && beside.stream().anyMatch(file -> file.path().equals("tokenizer.json"));
        // The small ones first: what is wrong with a model shows before its weights are fetched.
        beside.addAll(weights);
        return complete ? Optional.of(new Choice(FOLDER, List.copyOf(beside))) : Optional.empty();
    }

    private static HubFile smallest(List<HubFile> files) {
        return files.stream().min(Comparator.comparingLong(HubFile::size)).orElseThrow();
    }

    private static String names(List<HubFile> files) {
        String names =
                files.stream()
                        .map(HubFile::name)
                        .limit(12)
                        .reduce((a, b) -> a + ", " + b)
                        .orElse("");
        return names.isEmpty() ? "no .gguf at all" : names;
    }

    private static String lower(String text) {
        return text.toLowerCase(Locale.ROOT);
    }
}
