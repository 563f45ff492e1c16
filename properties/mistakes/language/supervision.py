"""Wrong variants of `reference.language.supervision`."""

import torch
from torch.nn.functional import cross_entropy, embedding, logsigmoid, softplus

from properties.mistakes import mistake, variant
from reference.language.supervision import (
    Example,
    Seq2SeqExample,
    decoder_inputs,
    masked_embedding,
    masked_token_loss,
    multi_document_labels,
    multi_turn_labels,
    next_token_labels,
    packed_next_token_labels,
    prompt_completion_labels,
    ranking_loss,
    seq2seq_example,
)
from reference.training.losses import IGNORED, mean_of_kept


@mistake(of=next_token_labels, seen="macrocosm-os/pretraining#64")
def next_token_labels_not_shifted(labels):
    """the labels are not shifted, so that each token is asked to predict itself"""
    return labels.clone()


@mistake(of=next_token_labels, seen="catalogue R004-016")
def next_token_labels_of_the_token_before(labels):
    """the labels are shifted the wrong way: each token predicts the one before it"""
    return torch.cat([torch.full_like(labels[..., :1], IGNORED), labels[..., :-1]], -1)


@mistake(of=next_token_labels, seen="catalogue R004-016")
def next_token_labels_as_a_ring(labels):
    """the last token is to predict the first"""
    return labels.roll(-1, -1)


@mistake(of=next_token_labels, seen="catalogue R003-200")
def next_token_labels_shifted_twice(labels):
    """the labels are shifted by the data and by the model"""
    return next_token_labels(next_token_labels(labels))


@mistake(of=next_token_labels, seen="catalogue R004-016")
def next_token_labels_of_one_token_at_least(labels):
    """a row without tokens gets a label, as the ignored one is put behind whatever is there"""
    return torch.nn.functional.pad(labels[..., 1:], (0, 1), value=IGNORED)


@mistake(of=next_token_labels, seen="Project-MONAI/GenerativeModels#314")
def next_token_labels_of_the_batch_in_one_row(labels):
    """the last token of a row is to predict the first of the next row"""
    return next_token_labels(labels.flatten()).reshape(labels.shape)


@mistake(of=packed_next_token_labels, seen="catalogue R003-251")
def packed_next_token_labels_across_documents(labels, documents):
    """the last token of a document is to predict the first of the next one"""
    return torch.where(documents >= 0, next_token_labels(labels), IGNORED)


@mistake(of=packed_next_token_labels, seen="E003-122")
def packed_next_token_labels_with_padding_ignored_before_the_shift(labels, documents):
    """padding has the label -100, but padding on the left is to predict the first token"""
    shifted = next_token_labels(torch.where(documents >= 0, labels, IGNORED))
    goes_on = (next_token_labels(documents) == documents) | (documents < 0)
    return torch.where(goes_on, shifted, IGNORED)


@mistake(of=packed_next_token_labels, seen="E003-122")
def packed_next_token_labels_of_padding(labels, documents):
    """padding is learned like a document: a pad id does not mask the loss"""
    return torch.where(next_token_labels(documents) == documents, next_token_labels(labels), IGNORED)


@mistake(of=packed_next_token_labels, seen="catalogue R004-016")
def packed_next_token_labels_not_shifted(labels, documents):
    """the first token of each document is left out, but labels are not shifted"""
    starts = torch.cat([torch.full_like(documents[..., :1], -1), documents[..., :-1]], -1) != documents
    return torch.where(starts | (documents < 0), IGNORED, labels)


@variant(of=packed_next_token_labels, seen="DataCollatorWithFlattening of transformers")
def packed_next_token_labels_by_first_tokens(labels, documents):
    """it sets the label of every first token, and of padding, to -100 before the shift, which is the same"""
    before = torch.cat([torch.full_like(documents[..., :1], -1), documents[..., :-1]], -1)
    return next_token_labels(torch.where((before == documents) & (documents >= 0), labels, IGNORED))


@mistake(of=masked_token_loss, seen="catalogue R003-253")
def masked_token_loss_over_all_positions(logits, labels):
    """the sum of the losses is divided by the number of all positions"""
    return masked_token_loss(logits, labels) * (labels != IGNORED).sum() / max(labels.numel(), 1)


@mistake(of=masked_token_loss, seen="E003-122")
def masked_token_loss_of_padding_as_token_0(logits, labels):
    """ignored positions are learned as token 0"""
    return masked_token_loss(logits, labels.clamp(min=0))


@mistake(of=masked_token_loss, seen="catalogue R003-253")
def masked_token_loss_without_negative_labels(logits, labels):
    """every negative label is ignored, so that a wrong one passes unseen"""
    return masked_token_loss(logits, torch.where(labels < 0, IGNORED, labels))


@mistake(of=masked_token_loss, seen="catalogue R003-200")
def masked_token_loss_shifted_again(logits, labels):
    """the labels are shifted inside the loss, though they are shifted already"""
    return masked_token_loss(logits, next_token_labels(labels))


@mistake(of=masked_token_loss, seen="torch.nn.functional.cross_entropy")
def masked_token_loss_nan_of_nothing(logits, labels):
    """the loss is NaN where all labels are ignored"""
    logits = torch.where((labels != IGNORED)[..., None], logits, 0)
    return cross_entropy(logits.flatten(0, -2), labels.flatten(), ignore_index=IGNORED)


@mistake(of=masked_token_loss, seen="catalogue R003-253")
def masked_token_loss_with_gradient_in_padding(logits, labels):
    """logits in padding are read, so that NaN there reaches the gradient"""
    kept = labels != IGNORED
    target = torch.where(kept, labels, 0)
    losses = logits.logsumexp(-1) - logits.gather(-1, target[..., None]).squeeze(-1)
    return mean_of_kept(losses, kept)


@mistake(of=masked_token_loss, seen="catalogue R003-253")
def masked_token_loss_as_mean_of_rows(logits, labels):
    """each row is averaged before the rows are, so that a token of a short row counts more"""
    if labels.ndim < 2:
        return masked_token_loss(logits, labels)
    return torch.stack([masked_token_loss(*row) for row in zip(logits, labels, strict=True)]).mean()


@mistake(of=masked_token_loss, seen="catalogue R003-253")
def masked_token_loss_in_bits(logits, labels):
    """the loss is in bits"""
    return masked_token_loss(logits, labels) / torch.log(torch.tensor(2.0)).item()


@mistake(of=masked_token_loss, seen="catalogue R003-253")
def masked_token_loss_with_floor(logits, labels):
    """probabilities are kept above 1e-8, so that no token costs more than 18.4"""
    share = torch.softmax(torch.where((labels != IGNORED)[..., None], logits, 0), -1)
    return masked_token_loss(share.clamp(min=1e-8).log(), labels)


@mistake(of=masked_token_loss, seen="catalogue R003-253")
def masked_token_loss_by_overflowing_exponentials(logits, labels):
    """the sum of exp(a) overflows for large logits"""
    kept = labels != IGNORED
    safe, target = torch.where(kept[..., None], logits, 0), torch.where(kept, labels, 0)
    losses = safe.exp().sum(-1).log() - safe.gather(-1, target[..., None]).squeeze(-1)
    return masked_token_loss(logits, labels) * 0 + mean_of_kept(losses, kept)


@mistake(of=prompt_completion_labels, seen="catalogue R003-200")
def prompt_completion_labels_without_end(prompt, completion, eos):
    """prompt and answer are cut, after they were joined, to a length without the end token"""
    ids, labels = prompt_completion_labels(prompt, completion, eos)
    return Example(ids[:-1], labels[:-1])


@mistake(of=prompt_completion_labels, seen="catalogue R003-200")
def prompt_completion_labels_of_everything(prompt, completion, eos):
    """the prompt is learned too"""
    ids, _ = prompt_completion_labels(prompt, completion, eos)
    return Example(ids, ids)


@mistake(of=prompt_completion_labels, seen="catalogue R003-200")
def prompt_completion_labels_with_two_starts(prompt, completion, eos):
    """the answer begins with another start token, since it was tokenised by itself"""
    return prompt_completion_labels([*prompt, *prompt[:1]], completion, eos)


@mistake(of=prompt_completion_labels, seen="E003-086")
def prompt_completion_labels_with_end_of_prompt(prompt, completion, eos):
    """an end token stands between the prompt and the answer"""
    return prompt_completion_labels([*prompt, eos], completion, eos)


@mistake(of=prompt_completion_labels, seen="catalogue R003-200")
def prompt_completion_labels_without_learning_to_end(prompt, completion, eos):
    """the end token is not learned, so that the model never stops"""
    ids, labels = prompt_completion_labels(prompt, completion, eos)
    return Example(ids, (*labels[:-1], IGNORED))


@mistake(of=prompt_completion_labels, seen="catalogue R003-200")
def prompt_completion_labels_with_one_end(prompt, completion, eos):
    """an answer that ends with the end token gets no other"""
    return prompt_completion_labels(prompt, completion[:-1] if completion[-1:] == (eos,) else completion, eos)


@mistake(of=prompt_completion_labels, seen="catalogue R003-200")
def prompt_completion_labels_of_all_ends(prompt, completion, eos):
    """end tokens in the prompt are learned"""
    ids, labels = prompt_completion_labels(prompt, completion, eos)
    return Example(ids, tuple(eos if token == eos else label for token, label in zip(ids, labels, strict=True)))


@mistake(of=prompt_completion_labels, seen="catalogue R003-200")
def prompt_completion_labels_without_zeros(prompt, completion, eos):
    """token 0 counts as padding, and is not learned"""
    ids, labels = prompt_completion_labels(prompt, completion, eos)
    return Example(ids, tuple(label or IGNORED for label in labels))


@mistake(of=prompt_completion_labels, seen="catalogue R003-200")
def prompt_completion_labels_without_the_last_of_the_prompt(prompt, completion, eos):
    """labels are shifted already, so that the shift of the loss takes them a second time"""
    ids, labels = prompt_completion_labels(prompt, completion, eos)
    return Example(ids, (*labels[1:], IGNORED))


@mistake(of=multi_turn_labels, seen="catalogue R003-201")
def multi_turn_labels_without_learning_to_end(turns, eos):
    """the end token of an answer is not learned"""
    ids, labels = multi_turn_labels(turns, eos)
    return Example(ids, tuple(IGNORED if label == eos else label for label in labels))


@mistake(of=multi_turn_labels, seen="catalogue R003-201")
def multi_turn_labels_of_headers(turns, eos):
    """the header of an answer is learned with it"""
    return multi_turn_labels([turn._replace(header=(), text=turn.header + turn.text) for turn in turns], eos)


@mistake(of=multi_turn_labels, seen="catalogue R003-201")
def multi_turn_labels_of_the_last_turn(turns, eos):
    """only the last turn is learned"""
    ids, labels = multi_turn_labels(turns, eos)
    size = sum(len(turns[-1].text) + 1 for _ in turns[:1])
    return Example(ids, (*[IGNORED] * (len(ids) - size), *labels[len(ids) - size :]))


@mistake(of=multi_turn_labels, seen="catalogue R003-201")
def multi_turn_labels_with_one_end(turns, eos):
    """an answer that ends with the end token gets no other"""
    cut = [t._replace(text=t.text[:-1]) if t.is_learned and t.text[-1:] == (eos,) else t for t in turns]
    return multi_turn_labels(cut, eos)


@mistake(of=multi_turn_labels, seen="catalogue R003-201")
def multi_turn_labels_of_the_user(turns, eos):
    """the turns that are not to be learned are learned"""
    return multi_turn_labels([turn._replace(is_learned=not turn.is_learned) for turn in turns], eos)


@mistake(of=multi_turn_labels, seen="E003-087")
def multi_turn_labels_with_a_start_token(turns, eos):
    """a start token is put before the first turn, which has its own"""
    ids, labels = multi_turn_labels(turns, eos)
    return Example((1, *ids), (IGNORED, *labels))


@mistake(of=multi_turn_labels, seen="catalogue R003-201")
def multi_turn_labels_backwards(turns, eos):
    """the turns are joined last to first"""
    return multi_turn_labels(turns[::-1], eos)


@mistake(of=multi_turn_labels, seen="catalogue R003-201")
def multi_turn_labels_by_search(turns, eos):
    """a user's token is learned if some answer has it"""
    ids, _ = multi_turn_labels(turns, eos)
    said = {token for turn in turns if turn.is_learned for token in (*turn.text, eos)}
    return Example(ids, tuple(token if token in said else IGNORED for token in ids))


@mistake(of=multi_document_labels, seen="E003-089")
def multi_document_labels_without_the_start(documents, summary, bos, eos):
    """the start token is not counted, so that there is a label less than there are tokens"""
    ids, labels = multi_document_labels(documents, summary, bos, eos)
    return Example(ids, labels[1:])


@mistake(of=multi_document_labels, seen="E003-088")
def multi_document_labels_without_a_first_token(documents, summary, bos, eos):
    """the first token of a document is dropped"""
    return multi_document_labels([document[1:] for document in documents], summary, bos, eos)


@mistake(of=multi_document_labels, seen="catalogue R003-202")
def multi_document_labels_without_separators(documents, summary, bos, eos):
    """the documents run into one another"""
    return multi_document_labels([[token for document in documents for token in document]], summary, bos, eos)


@mistake(of=multi_document_labels, seen="catalogue R003-202")
def multi_document_labels_without_special_tokens_of_the_texts(documents, summary, bos, eos):
    """start and end tokens that the documents have are dropped"""
    plain = [[token for token in document if token not in (bos, eos)] for document in documents]
    return multi_document_labels(plain, summary, bos, eos)


@mistake(of=multi_document_labels, seen="catalogue R003-202")
def multi_document_labels_without_last_separator(documents, summary, bos, eos):
    """no end token stands between the last document and the summary"""
    joined = [token for document in documents for token in (eos, *document)][1:]
    return prompt_completion_labels([bos, *joined], summary, eos)


@mistake(of=multi_document_labels, seen="catalogue R003-202")
def multi_document_labels_with_a_label_too_early(documents, summary, bos, eos):
    """the first token of the summary is the label of the end token before it, with as many labels as tokens"""
    ids, labels = multi_document_labels(documents, summary, bos, eos)
    return Example(ids, (*labels[1:], IGNORED))


@mistake(of=multi_document_labels, seen="catalogue R003-202")
def multi_document_labels_of_nothing(documents, summary, bos, eos):
    """a summary of no documents is accepted"""
    prompt = [bos, *(token for document in documents for token in (*document, eos))]
    return prompt_completion_labels(prompt, summary, eos)


@mistake(of=seq2seq_example, seen="E003-090")
def seq2seq_example_of_source_and_target(source, target, eos, pad):
    """source and target stand in one sequence, as for a decoder alone"""
    return Seq2SeqExample((*source, eos, *target, eos), (pad, *source, *target), (*source, *target, eos))


@mistake(of=seq2seq_example, seen="BART; catalogue R003-203")
def seq2seq_example_started_by_the_end_token(source, target, eos, pad):
    """the decoder starts with the end token instead of pad"""
    return seq2seq_example(source, target, eos, eos)


@mistake(of=seq2seq_example, seen="catalogue R003-203")
def seq2seq_example_without_end_of_source(source, target, eos, pad):
    """the source has no end token"""
    return seq2seq_example(source, target, eos, pad)._replace(encoder_ids=tuple(source))


@mistake(of=seq2seq_example, seen="catalogue R003-203")
def seq2seq_example_without_learning_to_end(source, target, eos, pad):
    """the end token is read but never a label"""
    return Seq2SeqExample((*source, eos), (pad, *target), (*target, IGNORED))


@mistake(of=seq2seq_example, seen="catalogue R003-203")
def seq2seq_example_without_labels_equal_to_pad(source, target, eos, pad):
    """a token of the target that equals the pad id is not learned"""
    example = seq2seq_example(source, target, eos, pad)
    return example._replace(labels=tuple(IGNORED if token == pad else token for token in example.labels))


@mistake(of=seq2seq_example, seen="catalogue R003-203")
def seq2seq_example_started_by_0(source, target, eos, pad):
    """the decoder starts with token 0, whatever the pad id"""
    return seq2seq_example(source, target, eos, 0)


@mistake(of=seq2seq_example, seen="catalogue R003-203")
def seq2seq_example_not_shifted(source, target, eos, pad):
    """the decoder reads the label that it is to predict"""
    return Seq2SeqExample((*source, eos), (*target, eos), (*target, eos))


@mistake(of=decoder_inputs, seen="catalogue R003-203")
def decoder_inputs_with_ignored_ids(labels, pad):
    """-100 is left among the tokens, where no row of the embedding belongs to it"""
    return torch.cat([torch.full_like(labels[..., :1], pad), labels[..., :-1]], -1)


@mistake(of=decoder_inputs, seen="catalogue R003-203")
def decoder_inputs_not_shifted(labels, pad):
    """the decoder reads the label that it is to predict"""
    return torch.where(labels == IGNORED, pad, labels)


@mistake(of=decoder_inputs, seen="fairseq, `shift_tokens_right` of BART")
def decoder_inputs_from_the_last(labels, pad):
    """the decoder starts with the last label"""
    return torch.where(labels.roll(1, -1) == IGNORED, pad, labels.roll(1, -1))


@mistake(of=decoder_inputs, seen="catalogue R003-203")
def decoder_inputs_with_every_0_for_padding(labels, pad):
    """the tokens start with 0 and have 0 for -100, whatever the pad id"""
    return decoder_inputs(labels, 0)


@mistake(of=decoder_inputs, seen="catalogue R003-203")
def decoder_inputs_that_begin_where_there_is_nothing(labels, pad):
    """no labels have one token to read"""
    first = labels.new_full((*labels.shape[:-1], 1), pad)
    return decoder_inputs(labels, pad) if labels.shape[-1] else first


@mistake(of=ranking_loss, seen="catalogue R003-179")
def ranking_loss_summed_over_pairs(rewards):
    """the sum is not divided by the number of pairs, so that long rankings count more"""
    return ranking_loss(rewards) * rewards.shape[-1] * (rewards.shape[-1] - 1) / 2


@mistake(of=ranking_loss, seen="catalogue R003-179")
def ranking_loss_divided_by_answers(rewards):
    """the sum is divided by the number of answers"""
    return ranking_loss(rewards) * (rewards.shape[-1] - 1) / 2


@mistake(of=ranking_loss, seen="catalogue R003-179")
def ranking_loss_worst_first(rewards):
    """rewards are taken to come worst first"""
    return ranking_loss(rewards.flip(-1))


@mistake(of=ranking_loss, seen="catalogue R003-179")
def ranking_loss_of_neighbours(rewards):
    """only answers next to one another are compared"""
    rejected = ranking_loss(rewards)
    return 0 * rejected - logsigmoid(rewards[..., :-1] - rewards[..., 1:]).mean(-1)


@mistake(of=ranking_loss, seen="catalogue R003-179")
def ranking_loss_by_hinge(rewards):
    """a hinge with margin 1 stands in for the logistic loss"""
    winner, loser = torch.triu_indices(rewards.shape[-1], rewards.shape[-1], offset=1)
    return ranking_loss(rewards) * 0 + (1 - rewards[..., winner] + rewards[..., loser]).clamp(min=0).mean(-1)


@mistake(of=ranking_loss, seen="torch.nn.functional.softplus, threshold=20")
def ranking_loss_by_softplus_with_a_threshold(rewards):
    """log(1 + exp(x)) is replaced by x above 20, which is off by 2e-9"""
    winner, loser = torch.triu_indices(rewards.shape[-1], rewards.shape[-1], offset=1)
    return ranking_loss(rewards) * 0 + softplus(rewards[..., loser] - rewards[..., winner]).mean(-1)


@mistake(of=ranking_loss, seen="catalogue R003-179")
def ranking_loss_by_log_of_sigmoid(rewards):
    """the logarithm is taken of a sigmoid that may be 0"""
    winner, loser = torch.triu_indices(rewards.shape[-1], rewards.shape[-1], offset=1)
    return ranking_loss(rewards) * 0 - (rewards[..., winner] - rewards[..., loser]).sigmoid().log().mean(-1)


@mistake(of=ranking_loss, seen="catalogue R003-179")
def ranking_loss_of_each_with_itself(rewards):
    """each answer is compared with itself too"""
    num_answers = rewards.shape[-1]
    winner, loser = torch.triu_indices(num_answers, num_answers)
    return ranking_loss(rewards) * 0 - logsigmoid(rewards[..., winner] - rewards[..., loser]).mean(-1)


@mistake(of=ranking_loss, seen="torch.mean of nothing")
def ranking_loss_of_one_answer(rewards):
    """a single answer has the loss NaN instead of being rejected"""
    winner, loser = torch.triu_indices(rewards.shape[-1], rewards.shape[-1], offset=1)
    return -logsigmoid(rewards[..., winner] - rewards[..., loser]).mean(-1)


@mistake(of=masked_embedding, seen="E003-120")
def masked_embedding_with_a_trained_row(table, ids, pad):
    """padding has a row of the table, which is trained"""
    masked_embedding(table, ids, pad)
    return embedding(ids, table)


@mistake(of=masked_embedding, seen="torch.nn.functional.embedding, padding_idx")
def masked_embedding_with_a_row_that_is_not_zero(table, ids, pad):
    """the row of padding gets no gradient, but is not 0"""
    masked_embedding(table, ids, pad)
    return embedding(ids, table, padding_idx=pad)


@mistake(of=masked_embedding, seen="catalogue R003-254")
def masked_embedding_of_token_0(table, ids, pad):
    """token 0 counts as padding, whatever the pad id"""
    masked_embedding(table, ids, pad)
    return masked_embedding(table, ids, 0)


@mistake(of=masked_embedding, seen="catalogue R003-254")
def masked_embedding_without_gradient(table, ids, pad):
    """no row gets a gradient"""
    return masked_embedding(table, ids, pad).detach() + 0 * table.sum()


@mistake(of=masked_embedding, seen="Python's negative indices")
def masked_embedding_with_padding_from_the_end(table, ids, pad):
    """a pad id outside the table is accepted and masks nothing"""
    return torch.where((ids == pad)[..., None], 0, embedding(ids, table))


@mistake(of=masked_embedding, seen="catalogue R003-254")
def masked_embedding_by_multiplication(table, ids, pad):
    """rows are multiplied by the mask, and a row of NaN stays NaN"""
    masked_embedding(table, ids, pad)
    return embedding(ids, table) * (ids != pad)[..., None]
