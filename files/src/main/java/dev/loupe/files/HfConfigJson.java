package dev.loupe.files;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.loupe.kernels.Activation;
import dev.loupe.kernels.TensorType;
import dev.loupe.model.GptConfig;
import dev.loupe.model.Rope;

/**
 * Writes the configuration of a model as the {@code config.json} that transformers and {@link
 * HfConfig} read. Rotary positions are written in both spellings, that of transformers 5 and the
 * one before it.
 */
final class HfConfigJson {
    private static final JsonNodeFactory MAKE = JsonNodeFactory.instance;

    private final Family family;
    private final GptConfig config;
    private final ObjectNode json = MAKE.objectNode();

    private HfConfigJson(Family family, GptConfig config) {
        this.family = family;
        this.config = config;
    }

    /**
     * The content of config.json, but for the ids of special tokens.
     *
     * @param type what the weights are stored as
     * @throws IllegalArgumentException if transformers has no such model
     */
    static ObjectNode of(Family family, GptConfig config, TensorType type) {
        HfConfigJson writer = new HfConfigJson(family, config);
        writer.write(type);
        return writer.json;
    }

    private void write(TensorType type) {
        boolean mistral = family == Family.LLAMA && windows() > 0;
        switch (family) {
            case GPT2 -> names("gpt2", "GPT2LMHeadModel");
            case GPT_NEOX -> names("gpt_neox", "GPTNeoXForCausalLM");
            case LLAMA ->
                    names(
                            mistral ? "mistral" : "llama",
                            mistral ? "MistralForCausalLM" : "LlamaForCausalLM");
            case QWEN2 -> names("qwen2", "Qwen2ForCausalLM");
            case QWEN3 -> names("qwen3", "Qwen3ForCausalLM");
            case GEMMA3 -> names("gemma3_text", "Gemma3ForCausalLM");
        }
        json.put(
                "dtype",
                switch (type) {
                    case F16 -> "float16";
                    case BF16 -> "bfloat16";
                    default -> "float32";
                });
        json.put("vocab_size", config.vocabSize());
        json.put("tie_word_embeddings", config.embedding().tied());
        switch (family) {
            case GPT2 -> gpt2();
            case GPT_NEOX -> gptNeox();
            case LLAMA -> llama(mistral);
            case QWEN2 -> qwen2();
            case QWEN3 -> qwen3();
            case GEMMA3 -> gemma3();
        }
    }

    private void names(String modelType, String architecture) {
        json.put("model_type", modelType);
        json.putArray("architectures").add(architecture);
    }

    private void gpt2() {
        GptConfig.Heads heads = config.attention();
        plainHeads();
        boolean scaled = heads.scale() != 1f;
        if (scaled) {
            scaledByRoot();
        }
        json.put("n_positions", config.nCtx());
        json.put("n_ctx", config.nCtx());
        json.put("n_embd", config.nEmbd());
        json.put("n_layer", config.nLayer());
        json.put("n_head", heads.nHead());
        json.put("n_inner", config.mlp().nInner());
        json.put("activation_function", activation());
        json.put("layer_norm_epsilon", shortest(config.norm().eps()));
        json.put("scale_attn_weights", scaled);
    }

    private void gptNeox() {
        plainHeads();
        scaledByRoot();
        sizes("layer_norm_eps");
        json.put("use_parallel_residual", config.parallel());
        json.put("attention_bias", config.attention().bias());
        sameBiases(config.attention().bias());
        Rope rope = rope(0);
        double share = share(rope);
        json.put("rotary_pct", share);
        json.put("rotary_emb_base", rope.theta());
        legacyScaling(rope);
        json.set("rope_parameters", parameters(rope).put("partial_rotary_factor", share));
    }

    private void llama(boolean mistral) {
        grouped();
        boolean bias = config.attention().bias();
        sameBiases(bias);
        if (mistral) {
            if (bias || config.mlp().bias()) {
                throw new IllegalArgumentException("mistral: found biases, expected none");
            }
            everyLayerLikeTheFirst();
            json.put("sliding_window", windows());
        } else {
            json.put("attention_bias", bias);
            json.put("mlp_bias", config.mlp().bias());
        }
        globalRope(rope(0));
    }

    private void qwen2() {
        grouped();
        if (!config.attention().bias() || config.attention().outBias()) {
            throw new IllegalArgumentException(
                    "qwen2: expected biases of queries, keys and values, and no others");
        }
        qwenLayers();
    }

    private void qwen3() {
        grouped();
        json.put("attention_bias", config.attention().bias());
        sameBiases(config.attention().bias());
        qwenLayers();
    }

    private void qwenLayers() {
        boolean windows = windows() > 0;
        json.put("use_sliding_window", windows);
        if (windows) {
            json.put("sliding_window", windows());
            long full = config.layers().stream().takeWhile(l -> l.window() == 0).count();
            json.put("max_window_layers", full);
        } else {
            json.putNull("sliding_window");
        }
        layerTypes();
        globalRope(rope(0));
    }

    private void gemma3() {
        sizes("rms_norm_eps");
        GptConfig.Heads heads = config.attention();
        json.remove("hidden_act");
        json.put("hidden_activation", activation());
        json.put("num_key_value_heads", heads.nKvHead());
        json.put("head_dim", heads.headDim());
        json.put("attention_bias", heads.bias());
        sameBiases(heads.bias());
        double scalar = 1 / ((double) heads.scale() * heads.scale());
        // numbers of people, not of rounding
        boolean whole = (float) Math.pow(Math.rint(scalar), -0.5) == heads.scale();
        if (whole) {
            json.put("query_pre_attn_scalar", (long) Math.rint(scalar));
        } else {
            json.put("query_pre_attn_scalar", scalar);
        }
        json.put("sliding_window", windows() == 0 ? config.nCtx() : windows());
        layerTypes();
        gemmaRope();
    }

    private void gemmaRope() {
        Rope global = null;
        Rope local = null;
        for (GptConfig.Layer layer : config.layers()) {
            global = layer.window() == 0 ? layer.rope() : global;
            local = layer.window() > 0 ? layer.rope() : local;
        }
        ObjectNode parameters = json.putObject("rope_parameters");
        if (global != null) {
            json.put("rope_theta", global.theta());
            legacyScaling(global);
            parameters.set("full_attention", parameters(global));
        }
        if (local != null) {
            json.put("rope_local_base_freq", local.theta());
            parameters.set("sliding_attention", parameters(local));
        }
    }

    /** What Llama, Mistral and Qwen share. */
    private void grouped() {
        sizes("rms_norm_eps");
        scaledByRoot();
        json.put("num_key_value_heads", config.attention().nKvHead());
        json.put("head_dim", config.attention().headDim());
    }

    private void sizes(String epsilon) {
        json.put("max_position_embeddings", config.nCtx());
        json.put("hidden_size", config.nEmbd());
        json.put("intermediate_size", config.mlp().nInner());
        json.put("num_hidden_layers", config.nLayer());
        json.put("num_attention_heads", config.attention().nHead());
        json.put("hidden_act", activation());
        json.put(epsilon, shortest(config.norm().eps()));
    }

    private void plainHeads() {
        GptConfig.Heads heads = config.attention();
        if (heads.nKvHead() != heads.nHead() || heads.queries() != config.nEmbd()) {
            throw new IllegalArgumentException(
                    "heads: found %d of %d numbers and %d of keys, expected them to share a width"
                                    .formatted(heads.nHead(), heads.headDim(), heads.nKvHead())
                            + " of "
                            + config.nEmbd());
        }
    }

    private void scaledByRoot() {
        GptConfig.Heads heads = config.attention();
        float usual = (float) (1 / Math.sqrt(heads.headDim()));
        if (heads.scale() != usual) {
            throw new IllegalArgumentException(
                    "attention scale: found %s, expected %s".formatted(heads.scale(), usual));
        }
    }

    /** Families with a switch for biases have one for all four matrices of attention. */
    private void sameBiases(boolean bias) {
        if (config.attention().outBias() != bias) {
            throw new IllegalArgumentException(
                    "attention biases: expected the output to have one exactly where queries do");
        }
    }

    private void everyLayerLikeTheFirst() {
        if (config.layers().stream().distinct().count() != 1) {
            throw new IllegalArgumentException(
                    "sliding window: found some layers without, expected all alike");
        }
    }

    private int windows() {
        return config.layers().stream().mapToInt(GptConfig.Layer::window).max().orElse(0);
    }

    private void layerTypes() {
        ArrayNode types = json.putArray("layer_types");
        for (GptConfig.Layer layer : config.layers()) {
            types.add(layer.window() > 0 ? "sliding_attention" : "full_attention");
        }
    }

    private Rope rope(int layer) {
        Rope rope = config.layers().get(layer).rope();
        if (rope == null) {
            throw new IllegalArgumentException("rotary positions: found none");
        }
        return rope;
    }

    private void globalRope(Rope rope) {
        json.put("rope_theta", rope.theta());
        ObjectNode parameters = parameters(rope);
        if (rope.dims() != config.attention().headDim()) {
            json.put("partial_rotary_factor", share(rope));
            parameters.put("partial_rotary_factor", share(rope));
        }
        legacyScaling(rope);
        json.set("rope_parameters", parameters);
    }

    /** The part of a head that is turned, such that the product rounds down to it. */
    private double share(Rope rope) {
        int headDim = config.attention().headDim();
        double share = rope.dims() / (double) headDim;
        return (int) (headDim * share) == rope.dims() ? share : Math.nextUp(share);
    }

    private void legacyScaling(Rope rope) {
        ObjectNode parameters = parameters(rope);
        if (!parameters.path("rope_type").asText().equals("default")) {
            parameters.remove("rope_theta");
            json.set("rope_scaling", parameters);
        }
    }

    private static ObjectNode parameters(Rope rope) {
        ObjectNode parameters = MAKE.objectNode().put("rope_theta", rope.theta());
        Rope.Scaling scaling = rope.scaling();
        if (scaling instanceof Rope.Divided(float[] divisors)) {
            scaling =
                    RopeFactors.rule(rope.theta(), rope.dims(), divisors)
                            .orElseThrow(() ->
                                    new IllegalArgumentException(
                                            GgufConfig.ROPE_FACTORS
                                                    + ": found factors of no known rule, expected"
                                                    + " those of Llama 3"));
        }
        return switch (scaling) {
            case Rope.Plain plain -> parameters.put("rope_type", "default");
            case Rope.Linear linear ->
                    parameters.put("rope_type", "linear").put("factor", linear.factor());
            case Rope.Llama3 rule ->
                    parameters
                            .put("rope_type", "llama3")
                            .put("factor", rule.factor())
                            .put("low_freq_factor", rule.lowFreqFactor())
                            .put("high_freq_factor", rule.highFreqFactor())
                            .put("original_max_position_embeddings", (long) rule.originalContext());
            case Rope.Divided divided -> throw new IllegalStateException("found its rule above");
        };
    }

    private String activation() {
        Activation activation = config.mlp().activation();
        return switch (activation) {
            case SILU -> "silu";
            case GELU -> "gelu";
            case GELU_TANH -> family == Family.GPT2 ? "gelu_new" : "gelu_pytorch_tanh";
        };
    }

    /** 1.0E-5 rather than the double that a float of it is. */
    private static double shortest(float number) {
        return Double.parseDouble(Float.toString(number));
    }
}
