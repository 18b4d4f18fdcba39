<?php

namespace App\Http\Controllers;

use App\Exceptions\ApiException;
use App\Models\Sequence;
use App\Models\Stage;
use Illuminate\Http\Request;

class SequenceController extends Controller
{
    const TYPE = ['type' => 'bail|sometimes|required|string|in:normal,inverted'];
    const STAGE = [
        'name' => 'sometimes|'.self::NAME,
        'stage_type' => 'bail|sometimes|required|string|in:send_email,send_sms,action',
        'time_value' => 'bail|nullable|integer|min:0',
        'time_type' => 'bail|nullable|integer|in:3600,86400,604800',
    ];

    public function index()
    {
        return $this->page(Sequence::orderBy('id'));
    }

    public function store(Request $request)
    {
        return $this->success(Sequence::create($request->validate(self::TYPE + ['name' => self::NAME])), 201);
    }

    public function update(Request $request)
    {
        $sequence = $this->find(Sequence::class, 'sequence_id');
        $sequence->update($request->validate(self::TYPE + ['name' => 'sometimes|'.self::NAME]));

        return $this->success($sequence->only('id'));
    }

    public function destroy()
    {
        $this->find(Sequence::class, 'sequence_id')->delete();

        return $this->success();
    }

    public function storeStage()
    {
        $sequence = $this->find(Sequence::class, 'sequence_id', self::STAGE);
        $step = $sequence->stages()->max('step') + 1;

        return $this->success($sequence->stages()->create($this->given(self::STAGE) + ['step' => $step, 'name' => "Step $step"]), 201);
    }

    public function updateStage()
    {
        $stage = $this->find(Stage::class, 'stage_id');
        $stage->update($this->given(self::STAGE));

        return $this->success($stage->only('id'));
    }

    public function destroyStage()
    {
        $this->find(Stage::class, 'stage_id')->delete();

        return $this->success();
    }

    public function setStageContent(Request $request)
    {
        $stage = $this->find(Stage::class, 'stage_id');
        if ($stage->stage_type !== 'send_email') {
            throw new ApiException('STAGE_NOT_EMAIL');
        }
        $stage->update($request->validate(['subject' => self::TEXT, 'body' => 'nullable|string']));

        return $this->success($stage->only('id'));
    }
}
