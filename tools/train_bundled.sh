# The commands that made the models which travel with the program. Sourced by ./run.
# Each writes its runs into build/bundled/NAME/1, 2, …; models/NAME.safetensors is the best checkpoint of the last in half
# precision.

readonly fashion_mnist=/usr/share/datasets/fashion-mnist
readonly bundled_runs=build/bundled

bundled_names() {
  echo "fashion_vit fashion_tnt fashion_swin fashion_resnet scenes_rtdetr scenes_fasterrcnn scenes_yolox pedestrians_rtdetr dates"
}

# The data of a model, made where it is missing; prints its folder.
bundled_data() {
  case $1 in
    fashion_*)
      packages "${packages_data[@]}" >&2
      echo "$fashion_mnist"
      ;;
    scenes_*)
      bundled_data fashion_vit >/dev/null
      [[ -e $bundled_runs/scenes ]] || step "$vitral" data make fashion-scenes -o "$bundled_runs/scenes" >&2
      echo "$bundled_runs/scenes"
      ;;
    pedestrians_*)
      [[ -e $bundled_runs/people ]] || step "$vitral" data make pedestrians .deps/videos/vtest.avi -o "$bundled_runs/people" >&2
      checked_people >&2
      echo "$bundled_runs/people"
      ;;
  esac
}

# The frames of the video with boxes drawn by hand, as a data set of its own.
checked_people() {
  local set=$bundled_runs/people_checked frame
  mkdir -p "$set/annotations" "$set/val"
  cp models/pedestrians_checked.json "$set/annotations/instances_val.json"
  for frame in $(grep -o 'frame_[0-9]*.jpg' models/pedestrians_checked.json); do
    cp "$bundled_runs/people/val/$frame" "$set/val/$frame"
  done
}

# The split that a model is judged on; prints its folder.
bundled_judge() {
  case $1 in
    pedestrians_*) echo "$bundled_runs/people_checked" ;;
    *) bundled_data "$1" ;;
  esac
}

# Networks this small learn fastest on one thread each: train several at a time.
readonly fashion="-b 64 --crop-scale 1.0 --label-smoothing 0 --amp bf16 --threads 1"
readonly fashion_cropped="--recipe small -b 64 --crop-scale 0.7 --erasing 0.2 --label-smoothing 0 --amp bf16 --threads 1"
readonly from_resnet="--teacher models/fashion_resnet.safetensors --distill soft --distill-temperature 3"

# The runs of a model, a line of flags each beside model, data and folder; each begins with the best weights of the one
# before.
bundled_stages() {
  local scenes="-b 16 --lr 1e-3 --amp bf16 --threads 1"
  case $1 in
    fashion_swin)
      echo "--epochs 16 --lr 1e-3 --drop-path 0.05 $from_resnet $fashion"
      echo "--epochs 24 --lr 6e-4 --drop-path 0.05 $from_resnet $fashion_cropped"
      echo "--epochs 30 --lr 8e-4 --drop-path 0.05 --eval-every 3 $from_resnet $fashion_cropped"
      ;;
    fashion_vit) echo "--epochs 14 --lr 1e-3 $fashion" ;;
    fashion_tnt) echo "--epochs 6 --lr 1e-3 $fashion" ;;
    fashion_resnet)
      echo "--epochs 12 --lr 1e-3 $fashion"
      echo "--epochs 12 --lr 8e-4 $fashion_cropped"
      ;;
    scenes_rtdetr) echo "--epochs 30 $scenes" ;;
    scenes_yolox) echo "--epochs 15 $scenes" ;;
    scenes_fasterrcnn) echo "--epochs 14 $scenes" ;;
    pedestrians_*) echo "--recipe small --epochs 16 -b 8 --lr 1e-3 --amp bf16 --eval-every 4 --threads 1" ;;
  esac
}

# Dates in many forms to ISO 8601: pairs of sentences, and so another command than the pictures'.
train_dates() {
  [[ -e $bundled_runs/dates-data ]] || step "$vitral" data make dates -o "$bundled_runs/dates-data"
  step "$vitral" text train "$bundled_runs/dates-data/train.tsv" --task seq2seq --val "$bundled_runs/dates-data/val.tsv" \
    -o "$bundled_runs/dates" -y --preset tiny --dropout 0 --epochs 12 -b 64 --lr 0.35 --smoothing 0 --half --threads 1
  mkdir -p models
  cp "$bundled_runs/dates/best.safetensors" models/dates.safetensors
  say "models/dates.safetensors; its card, models/dates.md, says what was measured"
}

# train_run NAME DATA FOLDER FLAGS...: begins a run, or goes on with it. From nothing: the weights that travel with the
# program under this name are not looked for.
train_run() {
  local name=$1 data=$2 run=$3
  shift 3
  if [[ -e $run/run.json ]]; then
    step "$vitral" train --resume "$run"
  else
    step env VITRAL_MODELS="$bundled_runs" "$vitral" train -m "$name" --data "$data" -o "$run" "$@"
  fi
}

train_bundled() {
  local name=$1 data run flags start=() number=0
  [[ " $(bundled_names) " == *" $name "* ]] || die "no bundled model is called $name; there are: $(bundled_names)"
  mkdir -p "$bundled_runs"
  if [[ $name == dates ]]; then
    train_dates
    return
  fi
  data=$(bundled_data "$name")
  if [[ $name == pedestrians_* ]]; then  # begins with what the scenes' network knows of objects
    start=(-w "$bundled_runs/scenes_original.safetensors")
    step "$vitral" weights convert models/scenes_rtdetr.safetensors -o "${start[1]}" --to original -y
  fi
  while read -r flags; do
    run=$bundled_runs/$name/$((number += 1))
    mkdir -p "$bundled_runs/$name"
    # shellcheck disable=SC2086  # a list of flags
    train_run "$name" "$data" "$run" "${start[@]}" $flags </dev/null
    start=(-w "$run/best.safetensors")
  done < <(bundled_stages "$name")
  mkdir -p models
  step "$vitral" weights convert "$run/best.safetensors" -m "$name" -o "models/$name.safetensors" --to native --half -y
  step "$vitral" eval -m "models/$name.safetensors" --data "$(bundled_judge "$name")" -b 32
  say "models/$name.safetensors; its card, models/$name.md, says what was measured"
}
